using System.Text.Json.Nodes;
using Microsoft.Azure.Cosmos;
using Microsoft.Azure.Cosmos.Serialization.HybridRow;
using Microsoft.Azure.Cosmos.Serialization.HybridRow.IO;
using Microsoft.Azure.Cosmos.Serialization.HybridRow.Layouts;
using Microsoft.Azure.Cosmos.Serialization.HybridRow.RecordIO;
using Microsoft.Azure.Cosmos.Serialization.HybridRow.Schemas;

namespace OrderFunctions.CosmosDb.Gateway;

/// <summary>One operation of a transactional batch. The type numbers are defined by the protocol.</summary>
sealed record BatchOperation(int Type, string? Id, JsonNode? Body, string? IfMatch)
{
    public const int Create = 0;
    public const int Patch = 1;
}

sealed record BatchResult(int Status, string? ETag = null);

/// <summary>Batches are sent as HybridRow records, with the schemas that ship with the SDK.</summary>
static class BatchRows
{
    static readonly Namespace Schemas = Namespace.Parse(EmbeddedSchemas());
    static readonly LayoutResolverNamespace Layouts = new(Schemas);
    static readonly Layout ResultLayout = Layouts.Resolve(Schemas.Schemas.Single(schema => schema.Name == "BatchResult").SchemaId);

    public static async Task<List<BatchOperation>> ReadAsync(Stream body)
    {
        var operations = new List<BatchOperation>();
        var result = await body.ReadRecordIOAsync(
            (ReadOnlyMemory<byte> record) => Read(record, operations),
            resizer: new MemorySpanResizer<byte>((int)body.Length));
        return result is Result.Success ? operations : throw new InvalidDataException($"The batch cannot be read: {result}.");
    }

    public static async Task<byte[]> WriteAsync(IReadOnlyList<BatchResult> results)
    {
        var body = new MemoryStream();
        var resizer = new MemorySpanResizer<byte>(1024);
        var written = await body.WriteRecordIOAsync(default(Segment), (long index, out ReadOnlyMemory<byte> record) =>
        {
            record = default;
            if (index >= results.Count)
                return Result.Success;
            var row = new RowBuffer(1024, resizer);
            row.InitLayout(HybridRowVersion.V1, ResultLayout, Layouts);
            var outcome = RowWriter.WriteBuffer(ref row, results[(int)index], Write);
            record = resizer.Memory[..row.Length];
            return outcome;
        });
        return written is Result.Success ? body.ToArray() : throw new InvalidDataException($"The results cannot be written: {written}.");
    }

    static Result Write(ref RowWriter writer, TypeArgument type, BatchResult result)
    {
        var outcome = writer.WriteInt32("statusCode", result.Status);
        if (outcome is Result.Success && result.ETag is not null)
            outcome = writer.WriteString("eTag", result.ETag);
        return outcome is Result.Success ? writer.WriteFloat64("requestCharge", 1) : outcome;
    }

    static Result Read(ReadOnlyMemory<byte> record, List<BatchOperation> operations)
    {
        var row = new RowBuffer(record.Length);
        if (!row.ReadFrom(record.Span, HybridRowVersion.V1, Layouts))
            return Result.Failure;
        var (type, id, ifMatch, body) = (-1, (string?)null, (string?)null, (byte[]?)null);
        var reader = new RowReader(ref row);
        while (reader.Read())
        {
            var result = reader.Path.ToString() switch
            {
                "operationType" => reader.ReadInt32(out type),
                "resourceType" => reader.ReadInt32(out _),
                "id" => reader.ReadString(out id),
                "ifMatch" => reader.ReadString(out ifMatch),
                "resourceBody" => reader.ReadBinary(out body),
                "minimalReturnPreference" => reader.ReadBool(out _),
                _ => Result.NotFound,
            };
            if (result is not Result.Success)
                return result;
        }
        operations.Add(new(type, id, body is null ? null : JsonNode.Parse(body), ifMatch));
        return Result.Success;
    }

    static string EmbeddedSchemas()
    {
        using var resource = typeof(CosmosClient).Assembly.GetManifestResourceStream("Microsoft.Azure.Cosmos.Batch.HybridRowBatchSchemas.json")
            ?? throw new InvalidOperationException("The SDK no longer carries the schemas of batches.");
        return new StreamReader(resource).ReadToEnd();
    }
}
