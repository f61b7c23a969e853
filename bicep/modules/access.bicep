// Every permission that any app has, and no other. A person's permissions are not granted here.
@description('name, principalId, storage, vault (empty: none)')
param apps array
param namespaceName string
param topicName string
param storeName string
param database string
param insightsName string
@description('The platform scales by a subscription\'s length only where the app\'s identity may manage that subscription.')
param scaleByLength bool

//  who            what                              role                                     why
//  every app      the topic                         Azure Service Bus Data Sender            says its events
//  every app      its own subscription              Azure Service Bus Data Receiver          hears, settles and replays (dead letters are part of it)
//                 … where scaleByLength             Azure Service Bus Data Owner             … and lets the scaler read its length
//  every app      its own container                 Cosmos DB Built-in Data Contributor      its streams
//  inventory      the stock                         Cosmos DB Built-in Data Contributor      the shelves
//  every app      its own storage account           Storage Blob Data Owner                  packages, timers' and host's locks
//  every app      Application Insights              Monitoring Metrics Publisher             telemetry without a key
//  with secrets   its own vault                     Key Vault Secrets User                   reads them, cannot list or change others'
var roles = {
  'Azure Service Bus Data Owner': '090c5cfd-751d-490a-894a-3ce6f1109419'
  'Azure Service Bus Data Receiver': '4f6d3b9b-027b-4f4c-9142-0e5a2a2247e0'
  'Azure Service Bus Data Sender': '69a216fc-b8fb-44d8-bc22-1f3c2cd27a39'
  'Storage Blob Data Owner': 'b7e6dc6d-f1e8-4753-8033-0f276bb0955b'
  'Monitoring Metrics Publisher': '3913510d-42f4-4e42-8a64-420c390055eb'
  'Key Vault Secrets User': '4633458b-17de-408a-b874-0445c86b69e6'
}
var storeRoles = {
  'Cosmos DB Built-in Data Contributor': '00000000-0000-0000-0000-000000000002'
}

var hear = roles[scaleByLength ? 'Azure Service Bus Data Owner' : 'Azure Service Bus Data Receiver']
var say = roles['Azure Service Bus Data Sender']
var keepFiles = roles['Storage Blob Data Owner']
var tell = roles['Monitoring Metrics Publisher']
var readSecrets = roles['Key Vault Secrets User']
var remember = storeRoles['Cosmos DB Built-in Data Contributor']

var appsWithSecrets = filter(apps, app => !empty(app.vault))
var remembers = concat(
  map(apps, app => { principalId: app.principalId, container: app.name }),
  map(filter(apps, app => app.name == 'inventory'), app => { principalId: app.principalId, container: 'stock' })
)

resource topic 'Microsoft.ServiceBus/namespaces/topics@2024-01-01' existing = {
  name: '${namespaceName}/${topicName}'
}

resource subscriptions 'Microsoft.ServiceBus/namespaces/topics/subscriptions@2024-01-01' existing = [for app in apps: {
  parent: topic
  name: app.name
}]

resource storage 'Microsoft.Storage/storageAccounts@2025-01-01' existing = [for app in apps: {
  name: app.storage
}]

resource vaults 'Microsoft.KeyVault/vaults@2025-05-01' existing = [for app in appsWithSecrets: {
  name: app.vault
}]

resource store 'Microsoft.DocumentDB/databaseAccounts@2024-11-15' existing = {
  name: storeName
}

resource insights 'Microsoft.Insights/components@2020-02-02' existing = {
  name: insightsName
}

resource says 'Microsoft.Authorization/roleAssignments@2022-04-01' = [for app in apps: {
  scope: topic
  name: guid(topic.id, app.principalId, say)
  properties: {
    principalId: app.principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', say)
  }
}]

resource hears 'Microsoft.Authorization/roleAssignments@2022-04-01' = [for (app, i) in apps: {
  scope: subscriptions[i]
  name: guid(subscriptions[i].id, app.principalId, hear)
  properties: {
    principalId: app.principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', hear)
  }
}]

resource keepsFiles 'Microsoft.Authorization/roleAssignments@2022-04-01' = [for (app, i) in apps: {
  scope: storage[i]
  name: guid(storage[i].id, app.principalId, keepFiles)
  properties: {
    principalId: app.principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', keepFiles)
  }
}]

resource tells 'Microsoft.Authorization/roleAssignments@2022-04-01' = [for app in apps: {
  scope: insights
  name: guid(insights.id, app.principalId, tell)
  properties: {
    principalId: app.principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', tell)
  }
}]

resource readsSecrets 'Microsoft.Authorization/roleAssignments@2022-04-01' = [for (app, i) in appsWithSecrets: {
  scope: vaults[i]
  name: guid(vaults[i].id, app.principalId, readSecrets)
  properties: {
    principalId: app.principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', readSecrets)
  }
}]

// The store has roles of its own, and scopes that are paths below the account. One at a time: it refuses concurrent changes.
@batchSize(1)
resource rememberings 'Microsoft.DocumentDB/databaseAccounts/sqlRoleAssignments@2024-11-15' = [for entry in remembers: {
  parent: store
  name: guid(store.id, entry.principalId, entry.container)
  properties: {
    principalId: entry.principalId
    roleDefinitionId: '${store.id}/sqlRoleDefinitions/${remember}'
    scope: '${store.id}/dbs/${database}/colls/${entry.container}'
  }
}]
