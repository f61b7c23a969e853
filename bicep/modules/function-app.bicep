// One app on Flex Consumption. A plan of its own, because on Flex a plan holds one app.
param name string
@description('The participant whose messages it handles: the name of its subscription.')
param participant string
param identityId string
param clientId string
param storageName string
param packagesUrl string
@description('Empty: the app is not in a network.')
param subnetId string
param insightsConnection string
param traceShare string
@description('What this app\'s own options read.')
param settings { *: string }
param instancesMax int
param instanceMemoryMB int
@description('Requests that an instance serves at once; 0 where the app has no HTTP functions.')
param httpConcurrency int
param alwaysReadyHttp int
param alwaysReadyMessages int
param zoneRedundant bool
param location string
param tags { *: string }

// The platform's own settings, the same for every app: which identity it uses, and no key anywhere.
var platform = {
  AZURE_CLIENT_ID: clientId
  AzureWebJobsStorage__blobServiceUri: 'https://${storageName}.blob.${environment().suffixes.storage}'
  AzureWebJobsStorage__credential: 'managedidentity'
  AzureWebJobsStorage__clientId: clientId
  // The scale controller connects to the subscription too, and it reads only these two.
  ServiceBus__credential: 'managedidentity'
  ServiceBus__clientId: clientId
  APPLICATIONINSIGHTS_CONNECTION_STRING: insightsConnection
  APPLICATIONINSIGHTS_AUTHENTICATION_STRING: 'Authorization=AAD;ClientId=${clientId}'
  // The worker reads the first of these, the host the others. Both choose by the trace's id: an order is left out by all apps or by none.
  ApplicationInsights__SamplingRatio: traceShare
  OTEL_TRACES_SAMPLER: 'microsoft.fixed_percentage'
  OTEL_TRACES_SAMPLER_ARG: traceShare
  // The root is the operations page.
  AzureWebJobsDisableHomepage: 'true'
}

resource plan 'Microsoft.Web/serverfarms@2025-03-01' = {
  name: 'asp-${name}'
  location: location
  tags: tags
  kind: 'functionapp'
  sku: { name: 'FC1', tier: 'FlexConsumption' }
  properties: {
    reserved: true
    zoneRedundant: zoneRedundant
  }
}

resource app 'Microsoft.Web/sites@2025-03-01' = {
  name: name
  location: location
  tags: union(tags, { participant: participant, 'azd-service-name': participant })
  kind: 'functionapp,linux'
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: { '${identityId}': {} }
  }
  properties: {
    serverFarmId: plan.id
    httpsOnly: true
    // Nobody administers the host by its keys, only as an identity through Azure. Bicep's types do not know the property yet.
    #disable-next-line BCP037
    functionsRuntimeAdminIsolationEnabled: true
    keyVaultReferenceIdentity: identityId
    virtualNetworkSubnetId: empty(subnetId) ? null : subnetId
    functionAppConfig: {
      runtime: { name: 'dotnet-isolated', version: '10.0' }
      deployment: {
        storage: {
          type: 'blobContainer'
          value: packagesUrl
          authentication: { type: 'UserAssignedIdentity', userAssignedIdentityResourceId: identityId }
        }
      }
      scaleAndConcurrency: {
        maximumInstanceCount: instancesMax
        instanceMemoryMB: instanceMemoryMB
        alwaysReady: concat(
          httpConcurrency > 0 && alwaysReadyHttp > 0 ? [{ name: 'http', instanceCount: alwaysReadyHttp }] : [],
          alwaysReadyMessages > 0 ? [{ name: 'function:${participant}-on-message', instanceCount: alwaysReadyMessages }] : []
        )
        triggers: httpConcurrency > 0 ? { http: { perInstanceConcurrency: httpConcurrency } } : null
      }
    }
    siteConfig: {
      minTlsVersion: '1.2'
      scmMinTlsVersion: '1.2'
      http20Enabled: true
      // An app without HTTP functions answers nobody; its package still arrives by the publishing address, which asks for an identity.
      ipSecurityRestrictionsDefaultAction: httpConcurrency > 0 ? 'Allow' : 'Deny'
      scmIpSecurityRestrictionsDefaultAction: 'Allow'
      scmIpSecurityRestrictionsUseMain: false
      appSettings: map(items(union(platform, settings)), setting => { name: setting.key, value: setting.value })
    }
  }
}

// Publishing with a user name and a password is off: the pipeline publishes as itself.
resource scmPasswords 'Microsoft.Web/sites/basicPublishingCredentialsPolicies@2025-03-01' = {
  parent: app
  name: 'scm'
  properties: { allow: false }
}

resource ftpPasswords 'Microsoft.Web/sites/basicPublishingCredentialsPolicies@2025-03-01' = {
  parent: app
  name: 'ftp'
  properties: { allow: false }
}

output name string = app.name
output url string = 'https://${app.properties.defaultHostName}'
