using Microsoft.Azure.Functions.Worker.Extensions.Abstractions;

namespace Microsoft.Azure.Functions.Worker
{
    [AttributeUsage(AttributeTargets.Method)]
    public class FunctionAttribute : Attribute
    {
        public FunctionAttribute(string name) => Name = name;

        public string Name { get; }
    }

    public sealed class HttpTriggerAttribute : TriggerBindingAttribute
    {
        public HttpTriggerAttribute(AuthorizationLevel authLevel, params string[] methods) => (AuthLevel, Methods) = (authLevel, methods);

        public AuthorizationLevel AuthLevel { get; }
        public string[]? Methods { get; }
        public string? Route { get; set; }
    }

    public enum AuthorizationLevel
    {
        Anonymous,
        User,
        Function,
        System,
        Admin,
    }

    public sealed class TimerTriggerAttribute : TriggerBindingAttribute
    {
        public TimerTriggerAttribute(string schedule) => Schedule = schedule;

        public string Schedule { get; }
        public bool RunOnStartup { get; set; }
        public bool UseMonitor { get; set; } = true;
    }

    public class TimerInfo
    {
        public bool IsPastDue { get; set; }
    }

    public sealed class ServiceBusTriggerAttribute : TriggerBindingAttribute, ISupportCardinality
    {
        public ServiceBusTriggerAttribute(string topicName, string subscriptionName) => (TopicName, SubscriptionName) = (topicName, subscriptionName);

        public string? TopicName { get; }
        public string? SubscriptionName { get; }
        public string? Connection { get; set; }
        public bool IsSessionsEnabled { get; set; }
        public bool AutoCompleteMessages { get; set; } = true;

        Cardinality ISupportCardinality.Cardinality { get; set; } = Cardinality.One;
    }
}

namespace Microsoft.Azure.Functions.Worker.Extensions.Abstractions
{
    [AttributeUsage(AttributeTargets.Method)]
    public abstract class BindingAttribute : Attribute
    {
        public BindingAttribute()
        {
        }
    }

    [AttributeUsage(AttributeTargets.Parameter)]
    public abstract class TriggerBindingAttribute : BindingAttribute
    {
        public TriggerBindingAttribute()
        {
        }
    }

    public interface ISupportCardinality
    {
        Cardinality Cardinality { get; set; }
    }

    public enum Cardinality
    {
        Many,
        One,
    }
}
