// The whole system in one deployment. Read it from top to bottom as an order's message travels:
// accepted by an app, sent to the topic, handed to a subscription, handled by the next app, remembered in the store, seen by those who watch.
targetScope = 'subscription'

@description('Which environment this is: a part of every name and a tag.')
@minLength(2)
@maxLength(4)
param stage string

@description('Where everything is.')
param location string = deployment().location

@description('Client id of the Entra application that callers ask tokens for. README.md says how it is registered.')
param apiAudience string

@description('Who is told when an alert fires.')
param alertEmails array = []

@description('Premium isolates the namespace and is the only one with private endpoints.')
@allowed(['Standard', 'Premium'])
param messagingSku string = 'Standard'

@description('Messaging units of a Premium namespace.')
@allowed([1, 2, 4, 8, 16])
param messagingUnits int = 1

@description('Orders that one participant handles at the same time, over all its instances: caps what the providers and the store must bear.')
@minValue(1280)
param ordersAtOnce int

@description('Instances kept warm for each app that serves HTTP.')
param alwaysReadyHttp int = 0

@description('Instances kept warm for each app\'s subscription.')
param alwaysReadyMessages int = 0

@description('Memory of an instance in MB.')
@allowed([512, 2048, 4096])
param instanceMemoryMB int = 2048

@description('Lets the platform read the length of a subscription, so that it adds as many instances as are missing instead of one at a time.')
param scaleByLength bool = false

@description('Pay per request instead of reserving throughput. Cannot be changed later.')
param serverlessStore bool

@description('Most request units a second of each participant\'s container. Billed at a tenth of it at rest.')
param streamRequestUnits int = 1000

@description('Most request units a second of the stock container.')
param stockRequestUnits int = 1000

@description('How far back the store can be restored.')
@allowed(['Continuous7Days', 'Continuous30Days'])
param backup string = 'Continuous7Days'

@description('Spreads apps, store and files over zones. Bills at least two always-ready instances for each trigger and timer.')
param zoneRedundant bool = false

@description('Takes bus, store and files off the public network. Needs a Premium namespace.')
param privateNetwork bool = false

@description('Base address of the card provider; empty: the simulated one.')
param cardProviderUrl string = ''

@description('Base address of the carrier; empty: the simulated one.')
param carrierUrl string = ''

@description('Base address of the provider that sends mails; empty: the simulated one.')
param notifierUrl string = ''

@description('Days that logs are kept.')
param logRetentionDays int = 30

@description('Gigabytes of logs taken in a day, -1 for no limit.')
param logDailyGigabytes int = -1

// ---- Names: kind, what it is, stage, and a token that makes them unique in the world.

var token = take(uniqueString(subscription().id, stage, location), 6)
var tags = { system: 'orderfunctions', stage: stage }
var names = {
  group: 'rg-orderfunctions-${stage}'
  namespace: 'sb-orderfunctions-${stage}-${token}'
  store: 'cosmos-orderfunctions-${stage}-${token}'
  workspace: 'log-orderfunctions-${stage}'
  insights: 'appi-orderfunctions-${stage}'
  network: 'vnet-orderfunctions-${stage}'
}
var database = 'orderfunctions'

// ---- Who takes part. One entry an app; `sessions` is maxConcurrentSessions of its host.json, `http` the requests an instance serves at once.

var apps = [
  { name: 'orders', sessions: 32, http: 64, vault: false }
  { name: 'inventory', sessions: 32, http: 64, vault: false }
  { name: 'payments', sessions: 32, http: 0, vault: !empty(cardProviderUrl) }
  { name: 'shipping', sessions: 32, http: 64, vault: true }
  { name: 'notifications', sessions: 32, http: 0, vault: !empty(notifierUrl) }
]

// What an app is told beside what all are told. Secrets stay in the app's own vault and are only named here.
var callers = {
  Authentication__TenantId: tenant().tenantId
  Authentication__Audience: apiAudience
}
var secretIn = '@Microsoft.KeyVault(VaultName=kv-{0}-${token};SecretName={1})'
var settings = {
  orders: callers
  inventory: callers
  payments: empty(cardProviderUrl) ? { CardProvider__Mode: 'simulated' } : {
    CardProvider__Mode: 'http'
    CardProvider__BaseAddress: cardProviderUrl
    CardProvider__ApiKey: format(secretIn, 'payments', 'card-provider-api-key')
  }
  shipping: union(callers, empty(carrierUrl) ? { Carrier__Mode: 'simulated' } : {
    Carrier__Mode: 'http'
    Carrier__BaseAddress: carrierUrl
    Carrier__ApiKey: format(secretIn, 'shipping', 'carrier-api-key')
  }, { Carrier__WebhookSecret: format(secretIn, 'shipping', 'carrier-webhook-secret') })
  notifications: empty(notifierUrl) ? { Notifier__Mode: 'simulated' } : {
    Notifier__Mode: 'http'
    Notifier__BaseAddress: notifierUrl
    Notifier__ApiKey: format(secretIn, 'notifications', 'notifier-api-key')
  }
}

// ARM's own JSON, the only module that is: the check of resource types that runs without the Bicep CLI does not know resource groups.
module group 'modules/resource-group.json' = {
  name: 'group'
  params: {
    name: names.group
    location: location
    tags: tags
  }
}

// ---- A request reaches an app, which is somebody (an identity), keeps its packages somewhere and its secrets in a vault.

module belongings 'modules/belongings.bicep' = [for app in apps: {
  name: 'belongings-${app.name}'
  scope: resourceGroup(names.group)
  params: {
    identityName: 'id-${app.name}-${stage}-${token}'
    storageName: 'st${app.name}${token}'
    vaultName: app.vault ? 'kv-${app.name}-${token}' : ''
    zoneRedundant: zoneRedundant
    publicAccess: !privateNetwork
    workspaceId: monitoring.outputs.workspaceId
    location: location
    tags: tags
  }
}]

// ---- What it says goes to the topic, and to the subscription of everybody who hears it.

module messaging 'modules/messaging.bicep' = {
  name: 'messaging'
  scope: resourceGroup(names.group)
  params: {
    name: names.namespace
    sku: messagingSku
    units: messagingUnits
    publicAccess: !privateNetwork
    workspaceId: monitoring.outputs.workspaceId
    location: location
    tags: tags
  }
}

// ---- What is handled is remembered: one stream an order in the handler's own container.

module store 'modules/store.bicep' = {
  name: 'store'
  scope: resourceGroup(names.group)
  params: {
    name: names.store
    database: database
    participants: map(apps, app => app.name)
    serverless: serverlessStore
    streamRequestUnits: streamRequestUnits
    stockRequestUnits: stockRequestUnits
    backup: backup
    zoneRedundant: zoneRedundant
    publicAccess: !privateNetwork
    workspaceId: monitoring.outputs.workspaceId
    location: location
    tags: tags
  }
}

// ---- Nobody may do more than that: every permission of every app, on one page.

module access 'modules/access.bicep' = {
  name: 'access'
  scope: resourceGroup(names.group)
  params: {
    apps: [for (app, i) in apps: {
      name: app.name
      principalId: belongings[i].outputs.principalId
      storage: belongings[i].outputs.storageName
      vault: belongings[i].outputs.vaultName
    }]
    namespaceName: messaging.outputs.name
    topicName: messaging.outputs.topicName
    storeName: store.outputs.name
    database: database
    insightsName: monitoring.outputs.insightsName
    scaleByLength: scaleByLength
  }
}

// ---- Where bus, store and files are not to be reached from outside, the apps reach them through a network of their own.

module network 'modules/network.bicep' = if (privateNetwork) {
  name: 'network'
  scope: resourceGroup(names.group)
  params: {
    name: names.network
    namespaceId: messaging.outputs.id
    storeId: store.outputs.id
    storageIds: [for (app, i) in apps: belongings[i].outputs.storageId]
    location: location
    tags: tags
  }
}

// ---- The apps themselves. They start after they are allowed to read what they need, or the first start would fail.

module functionApps 'modules/function-app.bicep' = [for (app, i) in apps: {
  name: 'app-${app.name}'
  scope: resourceGroup(names.group)
  dependsOn: [access]
  params: {
    name: 'func-${app.name}-${stage}-${token}'
    participant: app.name
    identityId: belongings[i].outputs.identityId
    clientId: belongings[i].outputs.clientId
    storageName: belongings[i].outputs.storageName
    packagesUrl: belongings[i].outputs.packagesUrl
    subnetId: privateNetwork ? network!.outputs.functionsSubnetId : ''
    insightsConnection: monitoring.outputs.insightsConnection
    settings: union(settings[app.name], {
      ServiceBus__fullyQualifiedNamespace: messaging.outputs.hostName
      Cosmos__Endpoint: store.outputs.endpoint
      Cosmos__Database: database
    })
    instancesMax: max(40, ordersAtOnce / app.sessions) // less than 40 is not accepted in every region
    instanceMemoryMB: instanceMemoryMB
    httpConcurrency: app.http
    alwaysReadyHttp: alwaysReadyHttp
    alwaysReadyMessages: alwaysReadyMessages
    zoneRedundant: zoneRedundant
    location: location
    tags: tags
  }
}]

// ---- And everything is seen: logs, metrics, alerts, a workbook. The others need its workspace, so only it has to wait for the group.

module monitoring 'modules/monitoring.bicep' = {
  name: 'monitoring'
  scope: resourceGroup(names.group)
  dependsOn: [group]
  params: {
    workspaceName: names.workspace
    insightsName: names.insights
    retentionDays: logRetentionDays
    dailyGigabytes: logDailyGigabytes
    location: location
    tags: tags
  }
}

module alerts 'modules/alerts.bicep' = {
  name: 'alerts'
  scope: resourceGroup(names.group)
  params: {
    stage: stage
    workspaceId: monitoring.outputs.workspaceId
    namespaceId: messaging.outputs.id
    emails: alertEmails
    location: location
    tags: tags
  }
}

// ---- What the pipelines ask for.

output resourceGroup string = names.group
output apps array = [for (app, i) in apps: {
  participant: app.name
  name: functionApps[i].outputs.name
  url: functionApps[i].outputs.url
}]
