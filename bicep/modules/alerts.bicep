// What somebody has to know. A query returns rows with a number called Value (and a Participant where that matters);
// the alert fires for each row whose Value is beyond `limit`.
param stage string
param workspaceId string
param namespaceId string
param emails string[]
param location string
param tags { *: string }

var above = 'GreaterThan'
var below = 'LessThan'

// severity: 0 an order or money is at risk now, 1 orders wait for a person, 2 something is getting worse, 3 look at it in the morning
var alerts = [
  {
    name: 'republish-not-running'
    means: 'A timer that publishes what a crash left unpublished, and replays what is due, has not run: an order may stand still.'
    query: loadTextContent('../alerts/republish-not-running.kql')
    severity: 0
    operator: below
    limit: 1
    window: 'PT10M'
    every: 'PT5M'
    by: 'Participant'
  }
  {
    name: 'orders-parked'
    means: 'Orders are parked and wait for a replay.'
    query: loadTextContent('../alerts/orders-parked.kql')
    severity: 1
    operator: above
    limit: 0
    window: 'PT10M'
    every: 'PT5M'
    by: ''
  }
  {
    name: 'parked-too-long'
    means: 'An order has been parked for more than an hour (seconds).'
    query: loadTextContent('../alerts/parked-too-long.kql')
    severity: 0
    operator: above
    limit: 3600
    window: 'PT10M'
    every: 'PT5M'
    by: ''
  }
  {
    name: 'orders-open-too-long'
    means: 'An order has not become final for more than ten days (seconds); the longest promised delivery is shorter.'
    query: loadTextContent('../alerts/orders-open-too-long.kql')
    severity: 1
    operator: above
    limit: 864000
    window: 'PT15M'
    every: 'PT15M'
    by: ''
  }
  {
    name: 'payment-failures'
    means: 'More than this percentage of charges fails.'
    query: loadTextContent('../alerts/payment-failures.kql')
    severity: 1
    operator: above
    limit: 25
    window: 'PT15M'
    every: 'PT5M'
    by: ''
  }
  {
    name: 'shipping-delays'
    means: 'Shipments are not picked up by the promised time.'
    query: loadTextContent('../alerts/shipping-delays.kql')
    severity: 2
    operator: above
    limit: 0
    window: 'PT1H'
    every: 'PT15M'
    by: ''
  }
  {
    name: 'wrong-pick-ups'
    means: 'The carrier reports parcels that were not booked for their orders.'
    query: loadTextContent('../alerts/wrong-pick-ups.kql')
    severity: 2
    operator: above
    limit: 0
    window: 'PT1H'
    every: 'PT15M'
    by: ''
  }
  {
    name: 'pick-ups-after-call-off'
    means: 'The carrier took a parcel although its order was called off and the money is given back: ask the carrier to return it. The operations page shows the order.'
    query: loadTextContent('../alerts/pick-ups-after-call-off.kql')
    severity: 0
    operator: above
    limit: 0
    window: 'PT15M'
    every: 'PT5M'
    by: ''
  }
  {
    name: 'message-lag'
    means: 'Messages wait for more than a minute before they are handled (95th percentile, seconds).'
    query: loadTextContent('../alerts/message-lag.kql')
    severity: 2
    operator: above
    limit: 60
    window: 'PT10M'
    every: 'PT5M'
    by: 'Participant'
  }
  {
    name: 'conflicts'
    means: 'More than this percentage of turns loses against another writer: sessions overlap too often.'
    query: loadTextContent('../alerts/conflicts.kql')
    severity: 3
    operator: above
    limit: 5
    window: 'PT15M'
    every: 'PT15M'
    by: 'Participant'
  }
  {
    name: 'throttled'
    means: 'The store refuses requests (429): its request units are too few.'
    query: loadTextContent('../alerts/throttled.kql')
    severity: 2
    operator: above
    limit: 10
    window: 'PT15M'
    every: 'PT5M'
    by: 'Participant'
  }
  {
    name: 'failed-executions'
    means: 'Functions fail.'
    query: loadTextContent('../alerts/failed-executions.kql')
    severity: 2
    operator: above
    limit: 5
    window: 'PT15M'
    every: 'PT5M'
    by: 'App'
  }
]

resource people 'Microsoft.Insights/actionGroups@2023-01-01' = {
  name: 'ag-orderfunctions-${stage}'
  location: 'global'
  tags: tags
  properties: {
    groupShortName: take('orders-${stage}', 12)
    enabled: true
    emailReceivers: [for email in emails: { name: email, emailAddress: email, useCommonAlertSchema: true }]
  }
}

resource rules 'Microsoft.Insights/scheduledQueryRules@2023-12-01' = [
  for alert in alerts: {
    name: 'alert-${alert.name}-${stage}'
    location: location
    tags: tags
    kind: 'LogAlert'
    properties: {
      displayName: '${alert.name} (${stage})'
      description: alert.means
      severity: alert.severity
      enabled: true
      // A new workspace does not have the tables yet: they come with the first telemetry.
      skipQueryValidation: true
      scopes: [workspaceId]
      evaluationFrequency: alert.every
      windowSize: alert.window
      autoMitigate: true
      criteria: {
        allOf: [
          {
            query: alert.query
            timeAggregation: 'Maximum'
            metricMeasureColumn: 'Value'
            dimensions: empty(alert.by) ? [] : [{ name: alert.by, operator: 'Include', values: ['*'] }]
            operator: alert.operator
            threshold: alert.limit
            failingPeriods: { numberOfEvaluationPeriods: 1, minFailingPeriodsToAlert: 1 }
          }
        ]
      }
      actions: { actionGroups: [people.id] }
    }
  }
]

// The only alert without a query: the bus's count of dead letters cannot be exported to the workspace.
resource deadLetters 'Microsoft.Insights/metricAlerts@2018-03-01' = {
  name: 'alert-dead-letters-${stage}'
  location: 'global'
  tags: tags
  properties: {
    description: 'Messages are dead-lettered. The kernel parked them with their orders, or their participant will adopt them.'
    severity: 1
    enabled: true
    scopes: [namespaceId]
    evaluationFrequency: 'PT5M'
    windowSize: 'PT5M'
    autoMitigate: true
    criteria: {
      'odata.type': 'Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria'
      allOf: [
        {
          name: 'dead letters'
          criterionType: 'StaticThresholdCriterion'
          metricNamespace: 'Microsoft.ServiceBus/namespaces'
          metricName: 'DeadletteredMessages'
          timeAggregation: 'Maximum'
          operator: 'GreaterThan'
          threshold: 0
          dimensions: [{ name: 'EntityName', operator: 'Include', values: ['*'] }]
        }
      ]
    }
    actions: [{ actionGroupId: people.id }]
  }
}
