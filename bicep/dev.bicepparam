using 'main.bicep'

// Set by whoever deploys: azd, the pipeline, or the shell.
param stage = readEnvironmentVariable('AZURE_ENV_NAME', 'dev')
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

// README.md gives the reason for each difference to prod.
param simulatedProviders = true
param messagingSku = 'Standard'
param alwaysReadyHttp = 0
param alwaysReadyMessages = 0
param scaleByLength = false
param serverlessStore = true
param backup = 'Continuous7Days'
param privateNetwork = false
param monthlyBudget = 100
param traceShare = '1'
param logRetentionDays = 30
param logDailyGigabytes = 1
