namespace OrderFunctions.Http;

/// <summary>The whole API, for a host that serves all of it: see <see cref="Routes"/>. In Azure each app serves its part.</summary>
public sealed record SagaApi(OrdersApi Orders, StockApi Stock, CarrierEventsApi CarrierEvents, OperationsApi Operations, Page Page);
