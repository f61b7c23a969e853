using OrderFunctions.Runtime;

namespace OrderFunctions.Apps.Tests.Infrastructure;

/// <summary>What a deployment lets in, and what prod refuses to do without.</summary>
public class ExposureTests
{
    static IEnumerable<string> Participants => Topology.Current.Subscriptions.Select(s => s.Name);

    [Fact]
    public void What_has_a_way_in_by_key_has_it_closed()
    {
        Dictionary<string, string[]> closed = new()
        {
            ["Microsoft.ServiceBus/namespaces"] = ["disableLocalAuth: true", "minimumTlsVersion: 1.2"],
            ["Microsoft.DocumentDB/databaseAccounts"] = ["disableLocalAuth: true", "disableKeyBasedMetadataWriteAccess: true",
                "minimalTlsVersion: Tls12"],
            ["Microsoft.Insights/components"] = ["DisableLocalAuth: true"],
            ["Microsoft.OperationalInsights/workspaces"] = ["features.disableLocalAuth: true"],
            ["Microsoft.Storage/storageAccounts"] =
            [
                "allowSharedKeyAccess: false", "allowBlobPublicAccess: false", "minimumTlsVersion: TLS1_2",
                "supportsHttpsTrafficOnly: true",
            ],
            ["Microsoft.KeyVault/vaults"] = ["enableRbacAuthorization: true"],
            ["Microsoft.Web/sites"] =
            [
                "httpsOnly: true", "functionsRuntimeAdminIsolationEnabled: true", "siteConfig.minTlsVersion: 1.2",
                "siteConfig.scmMinTlsVersion: 1.2",
            ],
            ["Microsoft.Web/sites/basicPublishingCredentialsPolicies"] = ["allow: false"],
        };
        foreach (var (type, settings) in closed)
        {
            Assert.NotEmpty(Bicep.DevWithProviders.Of(type));
            foreach (var resource in Bicep.DevWithProviders.Of(type))
                foreach (var (path, value) in settings.Select(s => s.Split(": ")).Select(s => (s[0], s[1])))
                    Assert.Equal((Deployment.Name(resource), path, value),
                        (Deployment.Name(resource), path, Deployment.Property(resource, path).ToString() switch
                        {
                            "True" => "true",
                            "False" => "false",
                            var other => other,
                        }));
        }
        Assert.Equal(2 * Participants.Count(), Bicep.Prod.Of("Microsoft.Web/sites/basicPublishingCredentialsPolicies").Count());
        string[] data = ["Microsoft.ServiceBus/namespaces", "Microsoft.DocumentDB/databaseAccounts", "Microsoft.Storage/storageAccounts"];
        Assert.All(data.SelectMany(Bicep.Prod.Of), resource =>
            Assert.Equal("Disabled", Deployment.Property(resource, "publicNetworkAccess").GetString()));
    }

    [Fact]
    public void Only_an_app_with_HTTP_functions_answers_on_the_public_network_and_every_package_can_be_published()
    {
        foreach (var deployment in new[] { Bicep.Dev, Bicep.Prod })
        {
            var open = Participants.Where(app => Restriction(app, "ipSecurityRestrictionsDefaultAction") == "Allow");
            Assert.Equal(Participants.Where(HasHttp), open);
            Assert.All(Participants, app =>
            {
                Assert.Contains(Restriction(app, "ipSecurityRestrictionsDefaultAction"), new[] { "Allow", "Deny" });
                Assert.Equal("Allow", Restriction(app, "scmIpSecurityRestrictionsDefaultAction"));
                Assert.Equal("False", Restriction(app, "scmIpSecurityRestrictionsUseMain"));
            });

            string Restriction(string app, string name) => Deployment.Property(deployment.App(app), $"siteConfig.{name}").ToString();
        }

        static bool HasHttp(string app) =>
            Repository.Files($"functions/{char.ToUpperInvariant(app[0])}{app[1..]}App", "*Functions.cs").Select(Repository.Read)
                .Any(code => code.Contains("[HttpTrigger(", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData, InlineData("CARD_PROVIDER_URL", "CARRIER_URL"), InlineData("CARRIER_URL", "NOTIFIER_URL")]
    [InlineData("CARD_PROVIDER_URL", "NOTIFIER_URL")]
    public void Prod_is_not_deployed_without_the_address_of_every_provider(params string[] given) =>
        Assert.Contains("No provider is simulated here: set CARD_PROVIDER_URL, CARRIER_URL and NOTIFIER_URL",
            Bicep.Refusal("prod", [.. given.Select(name => (name, "https://provider.example/"))]), StringComparison.Ordinal);

    [Fact]
    public void Nothing_is_simulated_in_prod()
    {
        Assert.Contains(Participants, app => Bicep.Dev.Settings(app).Values.Contains("simulated"));
        Assert.All(Participants, app => Assert.DoesNotContain("simulated", Bicep.Prod.Settings(app).Values));
    }
}
