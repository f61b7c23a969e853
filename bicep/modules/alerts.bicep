// What somebody has to know. A query returns rows with a number called Value (and a Participant where that matters);
// the alert fires for each row whose Value is beyond `limit`.
param stage string
param workspaceId string
param namespaceId string
param emails string[]
@description('Megabytes that the topic may have.')
param topicMegabytes int
@description('In the currency of the billing account.')
param monthlyBudget int
@description('Where the runbook is.')
param runbook string
@description('A budget begins with a month.')
param budgetFrom string = utcNow('yyyy-MM-01')
param location string
param tags { *: string }

var above = 'GreaterThan'
var below = 'LessThan'

@description('by: the column of which each value is an alert of its own. asksBack: how far back the query looks, where that is further than the window.')
type queryAlert = {
  name: string
  means: string
  query: string
  severity: 0 | 1 | 2 | 3
  operator: 'GreaterThan' | 'LessThan'
  limit: int
  window: string
  asksBack: string?
  every: string
  by: string
}

// severity: 0 an order or money is at risk now, 1 orders wait for a person, 2 something is getting worse, 3 look at it in the morning
var alerts queryAlert[] = [
  {
    name: 'republish-not-running'
    means: 'The timer that publishes what a crash left unpublished, and replays what is due, has not run for ten minutes: orders may stand still.'
    query: loadTextContent('../alerts/republish-not-running.kql')
    severity: 0
    operator: below
    limit: 1
    window: 'PT10M'
    asksBack: 'P2D'
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
    means: 'More than this percentage of messages waits for over a minute before it is handled.'
    query: loadTextContent('../alerts/message-lag.kql')
    severity: 2
    operator: above
    limit: 5
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
    means: 'Calls of a function throw or answer 5xx.'
    query: loadTextContent('../alerts/failed-executions.kql')
    severity: 2
    operator: above
    limit: 5
    window: 'PT15M'
    every: 'PT5M'
    by: 'Function'
  }
  {
    name: 'nobody-handles'
    means: 'Messages were sent to a participant that has not handled any since: its orders stand still.'
    query: loadTextContent('../alerts/nobody-handles.kql')
    severity: 0
    operator: above
    limit: 0
    window: 'PT15M'
    every: 'PT5M'
    by: 'Participant'
  }
  {
    name: 'upkeep-failures'
    means: 'The timer fails at single orders, which it cannot publish or replay; all others go on.'
    query: loadTextContent('../alerts/upkeep-failures.kql')
    severity: 1
    operator: above
    limit: 0
    window: 'PT15M'
    every: 'PT5M'
    by: 'Participant'
  }
  {
    name: 'refused-requests'
    means: 'Many requests have no valid token, role or signature: an attack, or a caller or secret that was changed on one side only.'
    query: loadTextContent('../alerts/refused-requests.kql')
    severity: 2
    operator: above
    limit: 20
    window: 'PT15M'
    every: 'PT5M'
    by: 'Route'
  }
  {
    name: 'stock-partition'
    means: 'A warehouse has filled 16 of the 20 GB that its partition of the stock may have. Once it is full, nothing can be reserved there.'
    query: loadTextContent('../alerts/stock-partition.kql')
    severity: 1
    operator: above
    limit: 16
    window: 'P1D'
    every: 'PT1H'
    by: 'Warehouse'
  }
  {
    name: 'daily-cap'
    means: 'The daily cap of logs is reached: until it is lifted or the day ends, nothing is recorded and no other alert can fire.'
    query: loadTextContent('../alerts/daily-cap.kql')
    severity: 1
    operator: above
    limit: 0
    window: 'PT1H'
    every: 'PT15M'
    by: ''
  }
]

// What Azure itself measures. Of a subscription it measures nothing, so nobody-handles and message-lag ask the apps.
var platformAlerts = [
  {
    name: 'dead-letters'
    means: 'Messages are dead-lettered. The kernel parked them with their orders, or their participant will adopt them.'
    metric: 'DeadletteredMessages'
    aggregation: 'Maximum'
    limit: 0
    severity: 1
  }
  {
    name: 'topic-size'
    means: 'The topic is filled to four fifths. Once it is full, nothing can be published and no order taken in.'
    metric: 'Size'
    aggregation: 'Maximum'
    limit: topicMegabytes * 1048576 / 10 * 8
    severity: 0
  }
  {
    name: 'bus-throttled'
    means: 'Service Bus refuses requests: the namespace is too small for the load.'
    metric: 'ThrottledRequests'
    aggregation: 'Total'
    limit: 0
    severity: 2
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
      description: '${alert.means} ${runbook}#${alert.name}'
      severity: alert.severity
      enabled: true
      // A new workspace does not have the tables yet: they come with the first telemetry.
      skipQueryValidation: true
      scopes: [workspaceId]
      evaluationFrequency: alert.every
      windowSize: alert.window
      overrideQueryTimeRange: alert.?asksBack
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

resource platformRules 'Microsoft.Insights/metricAlerts@2018-03-01' = [
  for alert in platformAlerts: {
    name: 'alert-${alert.name}-${stage}'
    location: 'global'
    tags: tags
    properties: {
      description: '${alert.means} ${runbook}#${alert.name}'
      severity: alert.severity
      enabled: true
      scopes: [namespaceId]
      evaluationFrequency: 'PT5M'
      windowSize: 'PT5M'
      autoMitigate: true
      criteria: {
        'odata.type': 'Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria'
        allOf: [
          {
            name: alert.name
            criterionType: 'StaticThresholdCriterion'
            metricNamespace: 'Microsoft.ServiceBus/namespaces'
            metricName: alert.metric
            timeAggregation: alert.aggregation
            operator: 'GreaterThan'
            threshold: alert.limit
            dimensions: [{ name: 'EntityName', operator: 'Include', values: ['*'] }]
          }
        ]
      }
      actions: [{ actionGroupId: people.id }]
    }
  }
]

// Cost is known some hours late, so this says that it grows, and stops nothing.
resource budget 'Microsoft.Consumption/budgets@2023-11-01' = {
  name: 'budget-orderfunctions-${stage}'
  properties: {
    category: 'Cost'
    amount: monthlyBudget
    timeGrain: 'Monthly'
    timePeriod: { startDate: budgetFrom }
    notifications: {
      spent: {
        enabled: true
        operator: 'GreaterThan'
        threshold: 80
        thresholdType: 'Actual'
        contactEmails: emails
        contactGroups: [people.id]
      }
      expected: {
        enabled: true
        operator: 'GreaterThan'
        threshold: 100
        thresholdType: 'Forecasted'
        contactEmails: emails
        contactGroups: [people.id]
      }
    }
  }
}
