// The whole system in one deployment. Read it from top to bottom as an order's message travels:
// accepted by an app, sent to the topic, delivered to a subscription, handled by the next app, stored, and watched.
targetScope = 'subscription'

@description('Which environment this is: a part of every name and a tag. Any name that azd accepts.')
@minLength(1)
@maxLength(64)
param stage string

@description('Where everything is.')
param location string = deployment().location

@description('Client id of the Entra application that callers ask tokens for. README.md says how it is registered.')
param apiAudience string

@description('Client ids of the applications that may call the API. Empty: any that the tenant gives a token.')
param callingApplications string[] = []

@description('Object id of whoever runs this environment: sets secrets, reads streams and dead letters. Empty: nobody.')
param operatorPrincipalId string = ''

@description('What kind of principal the operator is.')
@allowed(['User', 'Group', 'ServicePrincipal'])
param operatorPrincipalType string = 'User'

@description('Who gets a mail when an alert fires.')
param alertEmails string[] = []

@description('Cost per month, in the currency of the billing account, of which four fifths send a mail.')
param monthlyBudget int

@description('Where these files are, so that an alert can link to its runbook.')
param repositoryUrl string = ''

@description('Premium isolates the namespace and is the only one with private endpoints.')
@allowed(['Standard', 'Premium'])
param messagingSku string = 'Standard'

@description('Messaging units of a Premium namespace.')
@allowed([1, 2, 4, 8, 16])
param messagingUnits int = 1

@description('Orders that one participant handles at the same time, over all its instances: limits the load on providers and store.')
@minValue(1280)
param ordersAtOnce int = 1280

@description('Instances kept warm for each app that serves HTTP.')
param alwaysReadyHttp int = 0

@description('Instances kept warm for each app\'s subscription.')
param alwaysReadyMessages int = 0

@description('Memory of an instance in MB.')
@allowed([512, 2048, 4096])
param instanceMemoryMB int = 2048

@description('Lets the platform read the length of a subscription, so that it adds all missing instances at once instead of one at a time.')
param scaleByLength bool = false

@description('Pay per request instead of reserving throughput. Cannot be changed later.')
param serverlessStore bool

@description('Most request units per second of each participant\'s container. A tenth of it is billed at rest.')
param streamRequestUnits int = 1000

@description('Most request units per second of the stock container.')
param stockRequestUnits int = 1000

@description('How far back the store can be restored.')
@allowed(['Continuous7Days', 'Continuous30Days'])
param backup string = 'Continuous7Days'

@description('Spreads apps, store and files over zones. Bills at least two always-ready instances for each trigger and timer.')
param zoneRedundant bool = false

@description('Takes bus, store and files off the public network. Needs a Premium namespace.')
param privateNetwork bool = false

@description('For trying out: a provider without an address is simulated, and a person may be a shop. Without it every provider must have one.')
param simulatedProviders bool

@description('Base address of the card provider.')
param cardProviderUrl string = ''

@description('Base address of the carrier.')
param carrierUrl string = ''

@description('Base address of the provider that sends mails.')
param notifierUrl string = ''

@description('Share of the traces that is sent to Application Insights, from 0 to 1. Metrics, logs and failures of the apps are always sent.')
param traceShare string

@description('Days that logs are kept.')
param logRetentionDays int = 30

@description('Gigabytes of logs accepted per day, -1 for no limit.')
param logDailyGigabytes int = -1

@description('What each app runs now: participant, build, previous. A deployment replaces tags, so it must be given those to keep.')
param deployed { participant: string, build: string, previous: string }[] = []

// ---- Names: kind, what it is, stage, and a token that makes them unique in the world. Most allow only letters, digits and single hyphens.

var token = take(uniqueString(subscription().id, stage, location), 6)
var slug = take(reduce(['-', '_', '.', '(', ')'], toLower(stage), (text, mark) => replace(text, mark, '')), 15)
var tags = { system: 'orderfunctions', stage: stage, 'azd-env-name': stage }
var names = {
  namespace: 'sb-orderfunctions-${slug}-${token}'
  store: 'cosmos-orderfunctions-${slug}-${token}'
  workspace: 'log-orderfunctions-${slug}'
  insights: 'appi-orderfunctions-${slug}'
  network: 'vnet-orderfunctions-${slug}'
}
var database = 'orderfunctions'
var topicMegabytes = messagingSku == 'Premium' ? 81920 : 5120

// ---- Who takes part: one entry per app. `sessions` is maxConcurrentSessions of its host.json; `http` is how many requests an instance
// serves at once.

var apps = [
  { name: 'orders', sessions: 32, http: 64, vault: false }
  { name: 'inventory', sessions: 32, http: 64, vault: false }
  { name: 'payments', sessions: 32, http: 0, vault: !empty(cardProviderUrl) }
  { name: 'shipping', sessions: 32, http: 64, vault: !empty(carrierUrl) }
  { name: 'notifications', sessions: 32, http: 0, vault: !empty(notifierUrl) }
]

// Settings of single apps, in addition to those of all. Secrets stay in the app's own vault and are only named here.
var callers = {
  Authentication__TenantId: tenant().tenantId
  Authentication__Audience: apiAudience
  Authentication__Clients: join(callingApplications, ' ')
}
// Where the operations page shows an order's trace; {traceId} is for the page to fill in.
var insightsId = '${subscription().id}/resourceGroups/${group.name}/providers/Microsoft.Insights/components/${names.insights}'
var traceQuery = 'union requests, dependencies, traces, exceptions | where operation_Id == "'
var traceLink = join(
  [
    environment().portal
    '#@${tenant().tenantId}/blade/Microsoft_OperationsManagementSuite_Workspace/Logs.ReactView'
    'resourceId/${uriComponent(insightsId)}'
    'source/LogsBlade.AnalyticsShareLinkToQuery'
    'query/${uriComponent(traceQuery)}{traceId}${uriComponent('" | order by timestamp asc')}'
  ],
  '/'
)
var addressMissing = contains([cardProviderUrl, carrierUrl, notifierUrl], '')
var simulated = addressMissing && !simulatedProviders
  ? fail('No provider is simulated here: set CARD_PROVIDER_URL, CARRIER_URL and NOTIFIER_URL')
  : 'simulated'
var secretIn = '@Microsoft.KeyVault(VaultName=kv-{0}-${token};SecretName={1})'
var settings = {
  orders: union(callers, { Page__TraceLink: traceLink })
  inventory: callers
  payments: empty(cardProviderUrl)
    ? { CardProvider__Mode: simulated }
    : {
        CardProvider__Mode: 'http'
        CardProvider__BaseAddress: cardProviderUrl
        CardProvider__ApiKey: format(secretIn, 'payments', 'card-provider-api-key')
      }
  shipping: union(
    callers,
    empty(carrierUrl)
      ? { Carrier__Mode: simulated }
      : {
          Carrier__Mode: 'http'
          Carrier__BaseAddress: carrierUrl
          Carrier__ApiKey: format(secretIn, 'shipping', 'carrier-api-key')
          Carrier__WebhookSecret: format(secretIn, 'shipping', 'carrier-webhook-secret')
        }
  )
  notifications: empty(notifierUrl)
    ? { Notifier__Mode: simulated }
    : {
        Notifier__Mode: 'http'
        Notifier__BaseAddress: notifierUrl
        Notifier__ApiKey: format(secretIn, 'notifications', 'notifier-api-key')
      }
}
var buildTags = toObject(deployed, app => app.participant, app => { build: app.build, previous: app.previous })

resource group 'Microsoft.Resources/resourceGroups@2024-11-01' = {
  name: 'rg-orderfunctions-${stage}'
  location: location
  tags: tags
}

// ---- A request reaches an app, which has an identity, an account for its packages and, where it has secrets, a vault.

module appResources 'modules/app-resources.bicep' = [
  for app in apps: {
    scope: group
    params: {
      identityName: 'id-${app.name}-${slug}-${token}'
      storageName: 'st${app.name}${token}'
      vaultName: app.vault ? 'kv-${app.name}-${token}' : ''
      zoneRedundant: zoneRedundant
      publicAccess: !privateNetwork
      workspaceId: monitoring.outputs.workspaceId
      location: location
      tags: tags
    }
  }
]

// ---- What the app publishes goes to the topic, and from there to the subscription of every app that hears it.

module messaging 'modules/messaging.bicep' = {
  scope: group
  params: {
    name: names.namespace
    sku: messagingSku
    units: messagingUnits
    topicMegabytes: topicMegabytes
    publicAccess: !privateNetwork
    workspaceId: monitoring.outputs.workspaceId
    location: location
    tags: tags
  }
}

// ---- What an app handles is stored: one stream per order in the app's own container.

module store 'modules/store.bicep' = {
  scope: group
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

// ---- Every permission, on one page. Nobody may do more.

module access 'modules/access.bicep' = {
  scope: group
  params: {
    apps: [
      for (app, i) in apps: {
        name: app.name
        principalId: appResources[i].outputs.principalId
        storage: appResources[i].outputs.storageName
        vault: appResources[i].outputs.vaultName
      }
    ]
    namespaceName: messaging.outputs.name
    topicName: messaging.outputs.topicName
    storeName: store.outputs.name
    database: database
    insightsName: monitoring.outputs.insightsName
    scaleByLength: scaleByLength
    operatorPrincipalId: operatorPrincipalId
    operatorPrincipalType: operatorPrincipalType
  }
}

// ---- Where bus, store and files are off the public network, the apps reach them through a network of their own.
// After `access`: the store refuses a private endpoint while its roles are being changed.

module network 'modules/network.bicep' = if (privateNetwork) {
  scope: group
  dependsOn: [access]
  params: {
    name: names.network
    namespaceId: messaging.outputs.id
    storeId: store.outputs.id
    storageIds: [for (app, i) in apps: appResources[i].outputs.storageId]
    location: location
    tags: tags
  }
}

// ---- The apps themselves. They start after they are allowed to read what they need, or the first start would fail.

module functionApps 'modules/function-app.bicep' = [
  for (app, i) in apps: {
    scope: group
    dependsOn: [access]
    params: {
      name: 'func-${app.name}-${slug}-${token}'
      participant: app.name
      identityId: appResources[i].outputs.identityId
      clientId: appResources[i].outputs.clientId
      storageName: appResources[i].outputs.storageName
      packagesUrl: appResources[i].outputs.packagesUrl
      subnetId: privateNetwork ? network!.outputs.functionsSubnetId : ''
      insightsConnection: monitoring.outputs.insightsConnection
      settings: union(settings[app.name], {
        ServiceBus__fullyQualifiedNamespace: messaging.outputs.hostName
        Cosmos__Endpoint: store.outputs.endpoint
        Cosmos__Database: database
        Stage: simulatedProviders ? 'dev' : 'prod'
      })
      traceShare: traceShare
      instancesMax: max(40, ordersAtOnce / app.sessions) // less than 40 is not accepted in every region
      instanceMemoryMB: instanceMemoryMB
      httpConcurrency: app.http
      alwaysReadyHttp: alwaysReadyHttp
      alwaysReadyMessages: alwaysReadyMessages
      zoneRedundant: zoneRedundant
      location: location
      tags: union(tags, buildTags[?app.name] ?? {})
    }
  }
]

// ---- And everything is watched: logs, metrics, alerts, a workbook. The other modules need its workspace, so it comes first.

module monitoring 'modules/monitoring.bicep' = {
  scope: group
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
  scope: group
  params: {
    stage: slug
    workspaceId: monitoring.outputs.workspaceId
    namespaceId: messaging.outputs.id
    emails: alertEmails
    topicMegabytes: topicMegabytes
    monthlyBudget: monthlyBudget
    runbook: empty(repositoryUrl) ? 'bicep/RUNBOOK.md' : '${repositoryUrl}?path=/bicep/RUNBOOK.md'
    location: location
    tags: tags
  }
}

// ---- What azd and people ask for. The scripts find everything by its tags.

output AZURE_LOCATION string = location
output AZURE_TENANT_ID string = tenant().tenantId
output AZURE_RESOURCE_GROUP string = group.name
output ORDERS_URL string = functionApps[0].outputs.url
