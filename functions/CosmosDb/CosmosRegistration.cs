using Azure.Identity;
using Microsoft.Azure.Cosmos;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using OrderFunctions.Runtime;
using OrderFunctions.Saga;

namespace OrderFunctions.CosmosDb;

public static class CosmosRegistration
{
    /// <summary>
    /// A participant's <see cref="IStreamStore"/>; for Orders also <see cref="IOrderQueries"/>, for Inventory also <see cref="IStock"/>.
    /// Settings: <see cref="CosmosOptions"/>, checked when the host starts.
    /// </summary>
    public static IServiceCollection AddCosmosDb(this IServiceCollection services, string participant)
    {
        services.AddOptions<CosmosOptions>().BindConfiguration(CosmosOptions.Section).ValidateOnStart();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<CosmosOptions>, CosmosOptionsValidation>());
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton(provider => Client(provider.GetRequiredService<IOptions<CosmosOptions>>().Value));
        services.AddHostedService<AccountConsistency>();

        services.AddSingleton<IStreamStore>(provider =>
            new CosmosStreamStore(provider.Container(participant), provider.GetRequiredService<TimeProvider>()));
        if (participant is Participants.Orders)
            services.AddSingleton<IOrderQueries>(provider =>
                new CosmosOrderQueries(provider.Container(participant), provider.GetRequiredService<TimeProvider>()));
        if (participant is Participants.Inventory)
            services.AddSingleton<IStock>(provider =>
                new CosmosStock(provider.Container(CosmosContainers.Stock), provider.GetRequiredService<TimeProvider>()));
        return services;
    }

    static Container Container(this IServiceProvider provider, string name) =>
        provider.GetRequiredService<CosmosClient>()
            .GetContainer(provider.GetRequiredService<IOptions<CosmosOptions>>().Value.Database, name);

    static CosmosClient Client(CosmosOptions options) => options.IsEmulator
        ? new(options.Endpoint, CosmosSettings.EmulatorKey, CosmosSettings.ForEmulator())
        : new(options.Endpoint, new DefaultAzureCredential(), CosmosSettings.ForAzure());
}
