// The topic and its subscriptions. Names and filters come from the file that the code reads too.
param name string
@allowed(['Standard', 'Premium'])
param sku string
param units int
param publicAccess bool
@description('The maximum of the tier: scheduled messages wait in the topic.')
param topicMegabytes int
param workspaceId string
param location string
param tags { *: string }

var topology = loadJsonContent('../../functions/Runtime/topology.json')

resource namespace 'Microsoft.ServiceBus/namespaces@2024-01-01' = {
  name: name
  location: location
  tags: tags
  sku: sku == 'Premium' ? { name: 'Premium', tier: 'Premium', capacity: units } : { name: 'Standard', tier: 'Standard' }
  properties: {
    disableLocalAuth: true
    minimumTlsVersion: '1.2'
    publicNetworkAccess: publicAccess ? 'Enabled' : 'Disabled'
  }
}

resource topic 'Microsoft.ServiceBus/namespaces/topics@2024-01-01' = {
  parent: namespace
  name: topology.topic
  properties: {
    // Only to save work: the participants' inboxes make a repeated message harmless, however late it comes.
    requiresDuplicateDetection: true
    duplicateDetectionHistoryTimeWindow: 'PT10M'
    supportOrdering: true
    // The maximum. An expired message would be a step that its order never takes.
    defaultMessageTimeToLive: 'P10675199DT2H48M5.4775807S'
    maxSizeInMegabytes: topicMegabytes
    enableBatchedOperations: true
  }
}

module subscriptions 'subscriptions.bicep' = {
  dependsOn: [topic]
  params: {
    namespaceName: namespace.name
  }
}

resource diagnostics 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  scope: namespace
  name: 'operations'
  properties: {
    workspaceId: workspaceId
    logs: [
      { category: 'OperationalLogs', enabled: true }
      { category: 'VNetAndIPFilteringLogs', enabled: true }
    ]
    metrics: [{ category: 'AllMetrics', enabled: true }]
  }
}

output id string = namespace.id
output name string = namespace.name
output hostName string = '${namespace.name}.servicebus.windows.net'
output topicName string = topic.name
