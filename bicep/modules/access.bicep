// Every permission that an app or the operator has, and no other.
@description('An empty vault: the app has no secrets.')
param apps { name: string, principalId: string, storage: string, vault: string }[]
param namespaceName string
param topicName string
param storeName string
param database string
param insightsName string
@description('The platform scales by a subscription\'s length only where the app may manage that subscription.')
param scaleByLength bool
@description('Empty: nobody')
param operatorPrincipalId string
param operatorPrincipalType string

//  who            what                              role                                     why
//  every app      the topic                         Azure Service Bus Data Sender            publishes its events
//  every app      its own subscription              Azure Service Bus Data Receiver          receives, settles and replays (dead letters included)
//                 … where scaleByLength             Azure Service Bus Data Owner             … and lets the scaler read its length
//  every app      its own container                 Cosmos DB Built-in Data Contributor      its streams
//  inventory      the stock                         Cosmos DB Built-in Data Contributor      reservations and levels
//  every app      its own storage account           Storage Blob Data Owner                  packages, timers' and host's locks
//  every app      Application Insights              Monitoring Metrics Publisher             telemetry without a key
//  with secrets   its own vault                     Key Vault Secrets User                   reads them, cannot list or change others'
//  operator       every vault                       Key Vault Secrets Officer                sets the secrets
//  operator       the topic                         Azure Service Bus Data Receiver          looks at dead letters
//  operator       the database                      Cosmos DB Built-in Data Reader           looks at streams
var roles = {
  'Azure Service Bus Data Owner': '090c5cfd-751d-490a-894a-3ce6f1109419'
  'Azure Service Bus Data Receiver': '4f6d3b9b-027b-4f4c-9142-0e5a2a2247e0'
  'Azure Service Bus Data Sender': '69a216fc-b8fb-44d8-bc22-1f3c2cd27a39'
  'Storage Blob Data Owner': 'b7e6dc6d-f1e8-4753-8033-0f276bb0955b'
  'Monitoring Metrics Publisher': '3913510d-42f4-4e42-8a64-420c390055eb'
  'Key Vault Secrets User': '4633458b-17de-408a-b874-0445c86b69e6'
  'Key Vault Secrets Officer': 'b86a8fe4-44ce-4948-aee5-eccb2c155cd7'
}
var storeRoles = {
  'Cosmos DB Built-in Data Reader': '00000000-0000-0000-0000-000000000001'
  'Cosmos DB Built-in Data Contributor': '00000000-0000-0000-0000-000000000002'
}

var topicSender = roles['Azure Service Bus Data Sender']
var subscriptionReceiver = roles[scaleByLength ? 'Azure Service Bus Data Owner' : 'Azure Service Bus Data Receiver']
var deadLetterReader = roles['Azure Service Bus Data Receiver']
var blobOwner = roles['Storage Blob Data Owner']
var metricsPublisher = roles['Monitoring Metrics Publisher']
var secretsUser = roles['Key Vault Secrets User']
var secretsOfficer = roles['Key Vault Secrets Officer']
var streamReader = storeRoles['Cosmos DB Built-in Data Reader']
var streamContributor = storeRoles['Cosmos DB Built-in Data Contributor']

var appsWithSecrets = filter(apps, app => !empty(app.vault))
var hasOperator = !empty(operatorPrincipalId)
var storeAccess = concat(
  map(apps, app => { principalId: app.principalId, name: app.name, role: streamContributor, path: 'colls/${app.name}' }),
  map(
    filter(apps, app => app.name == 'inventory'),
    app => { principalId: app.principalId, name: 'stock', role: streamContributor, path: 'colls/stock' }
  ),
  hasOperator ? [{ principalId: operatorPrincipalId, name: 'operator', role: streamReader, path: '' }] : []
)

resource topic 'Microsoft.ServiceBus/namespaces/topics@2024-01-01' existing = {
  name: '${namespaceName}/${topicName}'
}

resource subscriptions 'Microsoft.ServiceBus/namespaces/topics/subscriptions@2024-01-01' existing = [
  for app in apps: {
    parent: topic
    name: app.name
  }
]

resource storage 'Microsoft.Storage/storageAccounts@2025-01-01' existing = [
  for app in apps: {
    name: app.storage
  }
]

resource vaults 'Microsoft.KeyVault/vaults@2025-05-01' existing = [
  for app in appsWithSecrets: {
    name: app.vault
  }
]

resource store 'Microsoft.DocumentDB/databaseAccounts@2024-11-15' existing = {
  name: storeName
}

resource insights 'Microsoft.Insights/components@2020-02-02' existing = {
  name: insightsName
}

resource topicSenders 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for app in apps: {
    scope: topic
    name: guid(topic.id, app.principalId, topicSender)
    properties: {
      principalId: app.principalId
      principalType: 'ServicePrincipal'
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', topicSender)
    }
  }
]

resource subscriptionReceivers 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for (app, i) in apps: {
    scope: subscriptions[i]
    name: guid(subscriptions[i].id, app.principalId, subscriptionReceiver)
    properties: {
      principalId: app.principalId
      principalType: 'ServicePrincipal'
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', subscriptionReceiver)
    }
  }
]

resource blobOwners 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for (app, i) in apps: {
    scope: storage[i]
    name: guid(storage[i].id, app.principalId, blobOwner)
    properties: {
      principalId: app.principalId
      principalType: 'ServicePrincipal'
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', blobOwner)
    }
  }
]

resource metricsPublishers 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for app in apps: {
    scope: insights
    name: guid(insights.id, app.principalId, metricsPublisher)
    properties: {
      principalId: app.principalId
      principalType: 'ServicePrincipal'
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', metricsPublisher)
    }
  }
]

resource secretsUsers 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for (app, i) in appsWithSecrets: {
    scope: vaults[i]
    name: guid(vaults[i].id, app.principalId, secretsUser)
    properties: {
      principalId: app.principalId
      principalType: 'ServicePrincipal'
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', secretsUser)
    }
  }
]

resource secretsOfficers 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for (app, i) in appsWithSecrets: if (hasOperator) {
    scope: vaults[i]
    name: guid(vaults[i].id, operatorPrincipalId, secretsOfficer)
    properties: {
      principalId: operatorPrincipalId
      principalType: operatorPrincipalType
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', secretsOfficer)
    }
  }
]

resource deadLetterReaders 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (hasOperator) {
  scope: topic
  name: guid(topic.id, operatorPrincipalId, deadLetterReader)
  properties: {
    principalId: operatorPrincipalId
    principalType: operatorPrincipalType
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', deadLetterReader)
  }
}

// The store has roles of its own, and scopes that are paths below the account. One at a time: it refuses concurrent changes.
@batchSize(1)
resource storeAssignments 'Microsoft.DocumentDB/databaseAccounts/sqlRoleAssignments@2024-11-15' = [
  for entry in storeAccess: {
    parent: store
    name: guid(store.id, entry.principalId, entry.name)
    properties: {
      principalId: entry.principalId
      roleDefinitionId: '${store.id}/sqlRoleDefinitions/${entry.role}'
      scope: '${store.id}/dbs/${database}${empty(entry.path) ? '' : '/${entry.path}'}'
    }
  }
]
