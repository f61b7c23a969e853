namespace OrderFunctions.AppHost;

static class BackingServices
{
    /// <summary>
    /// An emulator in a container for each of Service Bus, Cosmos DB and storage, unless the environment names one: <c>ServiceBus</c>,
    /// <c>Cosmos__Endpoint</c> and <c>AzureWebJobsStorage</c> are used as they stand. With all three there is no container.
    /// </summary>
    public static Endpoints AddBackingServices(this IDistributedApplicationBuilder builder) => new(
        builder.Configuration["ServiceBus"] ?? builder.AddServiceBusEmulator(),
        builder.Configuration["Cosmos:Endpoint"] ?? builder.AddCosmosEmulator(),
        builder.Configuration["AzureWebJobsStorage"] ?? builder.AddAzurite());

    static string AddServiceBusEmulator(this IDistributedApplicationBuilder builder)
    {
        var password = builder.CreateResourceBuilder(
            ParameterResourceBuilderExtensions.CreateDefaultPasswordParameter(
                builder, "sql-password", minLower: 1, minUpper: 1, minNumeric: 1));

        // Published to nobody but the emulator, whose health is its health.
        var sql = builder.AddEmulator("sql", "mssql/server", "2022-CU26-ubuntu-22.04")
            .WithEnvironment("ACCEPT_EULA", "Y")
            .WithEnvironment("MSSQL_SA_PASSWORD", password);
        builder.AddEmulator("servicebus", "azure-messaging/servicebus-emulator", "2.0.1")
            .WithEnvironment("ACCEPT_EULA", "Y")
            .WithEnvironment("SQL_SERVER", sql.Resource.Name)
            .WithEnvironment("MSSQL_SA_PASSWORD", password)
            .WithContainerFiles(
                "/ServiceBus_Emulator/ConfigFiles", [new ContainerFile { Name = "Config.json", Contents = ServiceBusConfiguration.Json() }])
            .WithEndpoint(5672, 5672, name: "amqp")
            .WithHttpEndpoint(5300, 5300, name: "health")
            .WithHttpHealthCheck("/health", endpointName: "health")
            .WaitFor(sql);
        return "Endpoint=sb://localhost;SharedAccessKeyName=RootManageSharedAccessKey;SharedAccessKey=SAS_KEY_VALUE;"
            + "UseDevelopmentEmulator=true;";
    }

    static string AddCosmosEmulator(this IDistributedApplicationBuilder builder)
    {
        builder.AddEmulator("cosmos", "cosmosdb/linux/azure-cosmos-emulator", "vnext-EN20261008")
            .WithEnvironment("ENABLE_EXPLORER", "false")
            .WithEnvironment("ENABLE_TELEMETRY", "false")
            .WithHttpEndpoint(8081, 8081)
            .WithHttpEndpoint(targetPort: 8080, name: "health")
            .WithHttpHealthCheck("/ready", endpointName: "health");
        return "http://localhost:8081/";
    }

    static string AddAzurite(this IDistributedApplicationBuilder builder)
    {
        // Which answers 400 to a request that names no account, and nothing before it is up.
        builder.AddEmulator("storage", "azure-storage/azurite", "3.37.0")
            .WithArgs("azurite", "--blobHost", "0.0.0.0", "--queueHost", "0.0.0.0", "--tableHost", "0.0.0.0", "--skipApiVersionCheck")
            .WithHttpEndpoint(10000, 10000, name: "blob")
            .WithHttpEndpoint(10001, 10001, name: "queue")
            .WithHttpEndpoint(10002, 10002, name: "table")
            .WithHttpHealthCheck("/", 400, "blob");
        return "UseDevelopmentStorage=true";
    }

    static IResourceBuilder<ContainerResource> AddEmulator(
        this IDistributedApplicationBuilder builder, string name, string image, string tag) =>
        builder.AddContainer(name, image, tag).WithImageRegistry("mcr.microsoft.com");
}
