using 'main.bicep'

// Set by whoever deploys: azd, the pipeline, or the shell.
param stage = 'prod'
param apiAudience = readEnvironmentVariable('API_AUDIENCE')
param callingApplications = json(readEnvironmentVariable('CALLING_APPLICATIONS', '[]'))
param operatorPrincipalId = readEnvironmentVariable('AZURE_PRINCIPAL_ID', '')
param operatorPrincipalType = readEnvironmentVariable('AZURE_PRINCIPAL_TYPE', 'User')
param alertEmails = json(readEnvironmentVariable('ALERT_EMAILS', '[]'))
param cardProviderUrl = readEnvironmentVariable('CARD_PROVIDER_URL', '')
param carrierUrl = readEnvironmentVariable('CARRIER_URL', '')
param notifierUrl = readEnvironmentVariable('NOTIFIER_URL', '')
param repositoryUrl = readEnvironmentVariable('BUILD_REPOSITORY_URI', '')
param deployed = json(readEnvironmentVariable('DEPLOYED', '[]'))

// README.md gives the reason for each difference to dev.
param simulatedProviders = false
param messagingSku = 'Premium'
param messagingUnits = 1
param alwaysReadyHttp = 1
param alwaysReadyMessages = 1
param scaleByLength = true
param serverlessStore = false
param streamRequestUnits = 4000
param stockRequestUnits = 10000
param backup = 'Continuous30Days'
param privateNetwork = true
param monthlyBudget = 2000
param traceShare = '0.1'
param logRetentionDays = 90
param logDailyGigabytes = -1
