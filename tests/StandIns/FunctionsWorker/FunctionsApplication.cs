using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker.Middleware;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.Metrics;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Microsoft.Azure.Functions.Worker.Builder
{
    public class FunctionsApplication
    {
        public static FunctionsApplicationBuilder CreateBuilder(string[] args) => new(args);
    }

    public class FunctionsApplicationBuilder : IHostApplicationBuilder, IFunctionsWorkerApplicationBuilder
    {
        readonly HostApplicationBuilder _host;

        internal FunctionsApplicationBuilder(string[] args) => _host = new(args);

        public IDictionary<object, object> Properties => ((IHostApplicationBuilder)_host).Properties;
        public ConfigurationManager Configuration => _host.Configuration;
        public IHostEnvironment Environment => _host.Environment;
        public ILoggingBuilder Logging => _host.Logging;
        public IMetricsBuilder Metrics => _host.Metrics;
        public IServiceCollection Services => _host.Services;
        IConfigurationManager IHostApplicationBuilder.Configuration => _host.Configuration;

        public IFunctionsWorkerApplicationBuilder Use(Func<FunctionExecutionDelegate, FunctionExecutionDelegate> middleware) => this;

        public void ConfigureContainer<TContainerBuilder>(
            IServiceProviderFactory<TContainerBuilder> factory, Action<TContainerBuilder>? configure = null)
            where TContainerBuilder : notnull =>
            _host.ConfigureContainer(factory, configure);

        public IHost Build()
        {
            var refusal = StandIn.CannotDoThat();

            // For a test that wants to see what a program put together.
            refusal.Data[nameof(Services)] = Services;
            throw refusal;
        }
    }

    public static class FunctionsApplicationBuilderAspNetCoreExtensions
    {
        public static FunctionsApplicationBuilder ConfigureFunctionsWebApplication(this FunctionsApplicationBuilder builder) => builder;
    }
}

namespace Microsoft.Azure.Functions.Worker
{
    public static class FunctionContextExtensions
    {
        public static HttpContext? GetHttpContext(this FunctionContext context) =>
            context.Items.TryGetValue("HttpRequestContext", out var http) ? http as HttpContext : null;
    }

    public static class FunctionsApplicationInsightsExtensions
    {
        public static IServiceCollection ConfigureFunctionsApplicationInsights(this IServiceCollection services) => services;
    }
}
