// One participant's subscription: a session per order, so that it receives an order's messages in order and one at a time.
param namespaceName string
param topicName string
param name string
@description('Event types, which are the subjects of their messages.')
param hears string[]

resource topic 'Microsoft.ServiceBus/namespaces/topics@2024-01-01' existing = {
  name: '${namespaceName}/${topicName}'
}

resource subscription 'Microsoft.ServiceBus/namespaces/topics/subscriptions@2024-01-01' = {
  parent: topic
  name: name
  properties: {
    requiresSession: true
    // How long an order waits when the instance that held it is killed; renewed while a turn runs.
    lockDuration: 'PT1M'
    // Far above the kernel's own limit, so that it is always the kernel that parks a message, and knows of it.
    maxDeliveryCount: 100
    defaultMessageTimeToLive: 'P10675199DT2H48M5.4775807S'
    deadLetteringOnMessageExpiration: true
    deadLetteringOnFilterEvaluationExceptions: true
    enableBatchedOperations: true
  }
}

// One at a time: the topic refuses concurrent changes.
@batchSize(1)
resource filters 'Microsoft.ServiceBus/namespaces/topics/subscriptions/rules@2024-01-01' = [
  for type in hears: {
    parent: subscription
    name: type
    properties: {
      filterType: 'CorrelationFilter'
      correlationFilter: { label: type }
    }
  }
]

// A new subscription has a rule of this name that lets everything through. It is replaced by one that lets nothing through.
resource nothingElse 'Microsoft.ServiceBus/namespaces/topics/subscriptions/rules@2024-01-01' = {
  parent: subscription
  name: '$Default'
  dependsOn: [filters]
  properties: {
    filterType: 'SqlFilter'
    sqlFilter: { sqlExpression: '1=0' }
  }
}
