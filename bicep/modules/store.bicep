// Cosmos DB: one container per participant, where a document is all that the participant knows of an order; and the stock.
param name string
param database string
param participants string[]
param serverless bool
param streamRequestUnits int
param stockRequestUnits int
@allowed(['Continuous7Days', 'Continuous30Days'])
param backup string
param zoneRedundant bool
param publicAccess bool
param workspaceId string
param location string
param tags { *: string }

// Only a few paths are indexed: every index entry costs something with every write, and streams are read by id.
var streamIndex = {
  indexingMode: 'consistent'
  automatic: true
  includedPaths: [
    // for the timer: which streams hold something that was saved and perhaps not published
    { path: '/unconfirmedSince/?' }
    // the operators' lists
    { path: '/list/*' }
  ]
  excludedPaths: [{ path: '/*' }, { path: '/"_etag"/?' }]
}
var stockIndex = {
  indexingMode: 'consistent'
  automatic: true
  includedPaths: []
  excludedPaths: [{ path: '/*' }, { path: '/"_etag"/?' }]
}

var streams = map(participants, participant => {
  name: participant
  partitionKey: '/orderId'
  index: streamIndex
  requestUnits: streamRequestUnits
})
var stock = { name: 'stock', partitionKey: '/warehouse', index: stockIndex, requestUnits: stockRequestUnits }

resource account 'Microsoft.DocumentDB/databaseAccounts@2024-11-15' = {
  name: name
  location: location
  tags: tags
  kind: 'GlobalDocumentDB'
  properties: {
    databaseAccountOfferType: 'Standard'
    locations: [{ locationName: location, failoverPriority: 0, isZoneRedundant: zoneRedundant }]
    // A turn charges cards on what it reads, so a read must not be stale, whichever host wrote last.
    // In one region this costs writes nothing; with a second region BoundedStaleness is the choice.
    consistencyPolicy: { defaultConsistencyLevel: 'Strong' }
    enableMultipleWriteLocations: false
    enableAutomaticFailover: false
    capabilities: serverless ? [{ name: 'EnableServerless' }] : []
    backupPolicy: { type: 'Continuous', continuousModeProperties: { tier: backup } }
    disableLocalAuth: true
    disableKeyBasedMetadataWriteAccess: true
    minimalTlsVersion: 'Tls12'
    publicNetworkAccess: publicAccess ? 'Enabled' : 'Disabled'
  }
}

resource orderfunctions 'Microsoft.DocumentDB/databaseAccounts/sqlDatabases@2024-11-15' = {
  parent: account
  name: database
  properties: {
    resource: { id: database }
  }
}

resource containers 'Microsoft.DocumentDB/databaseAccounts/sqlDatabases/containers@2024-11-15' = [
  for container in concat(streams, [stock]): {
    parent: orderfunctions
    name: container.name
    properties: {
      resource: {
        id: container.name
        partitionKey: { paths: [container.partitionKey], kind: 'Hash', version: 2 }
        indexingPolicy: container.index
      }
      options: serverless ? {} : { autoscaleSettings: { maxThroughput: container.requestUnits } }
    }
  }
]

resource diagnostics 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  scope: account
  name: 'operations'
  properties: {
    workspaceId: workspaceId
    // Dedicated tables are cheaper to query. Data-plane logs are off: the apps measure the charge of every call themselves.
    logAnalyticsDestinationType: 'Dedicated'
    logs: [
      { category: 'ControlPlaneRequests', enabled: true }
      { category: 'PartitionKeyRUConsumption', enabled: true }
      { category: 'PartitionKeyStatistics', enabled: true }
    ]
  }
}

output id string = account.id
output name string = account.name
output endpoint string = account.properties.documentEndpoint
