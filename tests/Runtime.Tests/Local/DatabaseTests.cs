using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging.Abstractions;
using OrderFunctions.Local.Storage;
using OrderFunctions.Runtime;

namespace OrderFunctions.Local.Tests;

/// <summary>Changes are durable, ordered, committed in groups, and fail one by one.</summary>
public sealed class DatabaseTests : IAsyncDisposable
{
    readonly DataFile file = new(inMemory: false);

    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask DisposeAsync() => await file.DisposeAsync();

    [Fact]
    public async Task Every_commit_is_flushed_to_the_disk()
    {
        var database = file.Open();
        Assert.Equal("2", await database.RunAsync(connection => connection.Pragma("synchronous")));
        Assert.Equal("wal", await database.RunAsync(connection => connection.Pragma("journal_mode")));
    }

    [Fact]
    public async Task Changes_that_wait_together_share_one_commit()
    {
        var database = file.Open();
        using var go = Busy(database);
        var commits = database.Commits;
        var changes = Enumerable.Range(1, 200).Select(number => database.CommitAsync(connection => Insert(connection, number))).ToList();
        go.Set();
        await Task.WhenAll(changes);
        Assert.InRange(database.Commits - commits, 1, 2);
        Assert.Equal(Enumerable.Range(1, 200), await NumbersAsync(database));
    }

    [Fact]
    public async Task A_caller_that_waits_for_the_disk_is_answered_once_its_change_is_there()
    {
        var database = file.Open();
        var path = file.Path;
        foreach (var number in Enumerable.Range(1, 20))
        {
            await database.CommitAsync(connection => Insert(connection, number));
            file.Crash(path);
            Assert.Equal(Enumerable.Range(1, number), await NumbersAsync(file.Open()));
        }
    }

    [Fact]
    public async Task At_any_moment_the_disk_holds_a_prefix_of_what_was_queued()
    {
        var database = file.Open();
        var path = file.Path;
        var queueing = Task.Run(() =>
        {
            for (var number = 1; number <= 20_000; number++)
                database.Enqueue(new Insertion(number));
        }, Cancellation);
        var found = new List<int>();
        do
        {
            file.Crash(path);
            var numbers = await NumbersAsync(file.Open());
            Assert.Equal(Enumerable.Range(1, numbers.Count), numbers);
            found.Add(numbers.Count);
        }
        while (found[^1] < 20_000);
        await queueing;
        Assert.True(found.Count > 2, "The test looked too late.");
    }

    [Fact]
    public async Task A_change_that_fails_is_rolled_back_alone()
    {
        var database = file.Open();
        using var go = Busy(database);
        var before = database.CommitAsync(connection => Insert(connection, 1));
        var failing = database.CommitAsync(connection => Insert(connection, 2) / (Insert(connection, 4) - 1));
        var after = database.CommitAsync(connection => Insert(connection, 3));
        go.Set();

        await Assert.ThrowsAsync<DivideByZeroException>(() => failing);
        await Task.WhenAll(before, after);
        file.Crash();

        Assert.Equal([1, 3], await NumbersAsync(file.Open()));
    }

    [Fact]
    public async Task A_rejected_row_fails_its_change_only()
    {
        var database = file.Open();
        await database.CommitAsync(connection => Insert(connection, 1));
        await Assert.ThrowsAsync<SqliteException>(() => database.CommitAsync(connection => Insert(connection, 1)));
        await database.CommitAsync(connection => Insert(connection, 2));
        Assert.Equal([1, 2], await NumbersAsync(database));
    }

    [Fact]
    public async Task While_the_disk_is_full_all_wait_and_then_all_is_written()
    {
        var database = file.Open();
        using var go = Busy(database);
        var ran = database.RunAsync(connection => Insert(connection, 1));
        var full = new Insertion(2) { FullTimes = 1 };
        database.Enqueue(full);
        var behind = database.CommitAsync(connection => Insert(connection, 3));
        go.Set();

        await Task.WhenAll(ran, behind);
        file.Crash();

        Assert.Equal(0, full.FullTimes);
        Assert.Equal([1, 2, 3], await NumbersAsync(file.Open()));
    }

    [Fact]
    public async Task A_change_that_must_not_fail_stops_the_database_and_leaves_what_was_committed()
    {
        var database = file.Open();
        await database.CommitAsync(connection => Insert(connection, 1));
        database.Enqueue(new Insertion(1));
        await Assert.ThrowsAsync<SqliteException>(() => database.Broken.WaitAsync(TimeSpan.FromSeconds(20), Cancellation));
        await Assert.ThrowsAsync<TransientException>(() => database.CommitAsync(connection => Insert(connection, 2)));
        file.Crash();
        Assert.Equal([1], await NumbersAsync(file.Open()));

        // Its open transaction must not hold up its end.
        await database.DisposeAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(20), Cancellation);
    }

    [Fact]
    public async Task An_order_keeps_its_number_when_another_change_fails()
    {
        var database = file.Open();
        using var go = Busy(database);
        var first = database.CommitAsync(connection => database.Numbers.FindOrGive(connection, "o-1"));
        var failing = database.CommitAsync<long>(_ => throw new InvalidOperationException());
        var again = database.CommitAsync(connection => database.Numbers.FindOrGive(connection, "o-1"));
        var other = database.CommitAsync(connection => database.Numbers.FindOrGive(connection, "o-2"));
        go.Set();
        await Assert.ThrowsAsync<InvalidOperationException>(() => failing);
        Assert.Equal(await first, await again);
        Assert.NotEqual(await first, await other);
        file.Crash();
        var next = file.Open();
        Assert.Equal(await first, await next.RunAsync(connection => next.Numbers.Find(connection, "o-1") ?? 0));
    }

    [Fact]
    public async Task What_is_queued_is_written_before_the_file_is_closed()
    {
        var database = file.Open();
        for (var number = 1; number <= 1_000; number++)
            database.Enqueue(new Insertion(number));
        await database.DisposeAsync();
        Assert.Equal(1_000, (await NumbersAsync(file.Open())).Count);
        Assert.Throws<TransientException>(() => database.Enqueue(new Insertion(1_001)));
    }

    [Fact]
    public void A_file_is_for_one_process_at_a_time()
    {
        file.Open();
        Assert.Contains("in use", Assert.Throws<IOException>(() => Database.Open(file.Path, NullLogger.Instance)).Message);
    }

    [Theory, InlineData(Schema.Version - 1, "an earlier"), InlineData(Schema.Version + 1, "a newer")]
    public async Task A_file_of_another_version_is_left_alone_and_the_error_names_what_to_move_away(long version, string which)
    {
        var database = file.Open();
        await database.RunAsync(connection => connection.Pragma($"user_version = {version}"));
        await database.DisposeAsync();
        var before = await File.ReadAllBytesAsync(file.Path, Cancellation);
        var message = Assert.Throws<IOException>(() => file.Open()).Message;
        Assert.Contains($"{which} version of this program: its tables are version {version}, these are {Schema.Version}", message);
        Assert.Contains($"move these away: {file.Path}", message, StringComparison.Ordinal);
        Assert.Equal(before, await File.ReadAllBytesAsync(file.Path, Cancellation));

        // And the file is not kept open.
        Assert.Equal(message, Assert.Throws<IOException>(() => file.Open()).Message);
    }

    [Theory, InlineData(0), InlineData(Schema.Version)]
    public async Task A_database_of_another_program_is_left_alone(long version)
    {
        await file.Open().DisposeAsync();
        File.Delete(file.Path);
        using (var other = new Connection($"Data Source={file.Path};Pooling=False"))
            other.Script($"CREATE TABLE notes (text TEXT); PRAGMA user_version = {version};");
        var before = await File.ReadAllBytesAsync(file.Path, Cancellation);
        Assert.Contains("another program", Assert.Throws<IOException>(() => file.Open()).Message, StringComparison.Ordinal);
        Assert.Equal(before, await File.ReadAllBytesAsync(file.Path, Cancellation));
    }

    [Theory, InlineData(true), InlineData(false)]
    public async Task A_file_that_is_deleted_or_replaced_under_the_host_stops_it_before_anything_more_is_promised(bool isReplaced)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "An open file stays where it is.");
        var database = file.Open();
        await database.CommitAsync(connection => Insert(connection, 1));
        File.Delete(file.Path);
        if (isReplaced)
            await File.WriteAllTextAsync(file.Path, "", Cancellation);

        await Assert.ThrowsAsync<TransientException>(() => database.CommitAsync(connection => Insert(connection, 2)));
        var broken = await Assert.ThrowsAsync<IOException>(() => database.Broken);
        Assert.Contains($"{file.Path} was deleted or replaced", broken.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_file_that_is_no_database_is_left_alone()
    {
        await file.Open().DisposeAsync();
        await File.WriteAllTextAsync(file.Path, new string('x', 4_096), TestContext.Current.CancellationToken);
        Assert.Contains("cannot be opened", Assert.Throws<IOException>(() => file.Open()).Message, StringComparison.Ordinal);
        Assert.Equal(4_096, new FileInfo(file.Path).Length);
    }

    [Fact]
    public async Task A_short_lock_by_another_program_is_waited_for()
    {
        var database = file.Open();
        using var other = new Connection($"Data Source={file.Path};Pooling=False");
        other.Script("BEGIN IMMEDIATE");
        var waiting = database.CommitAsync(connection => Insert(connection, 1));
        await Task.Delay(TimeSpan.FromMilliseconds(300), Cancellation);
        Assert.False(waiting.IsCompleted || database.Broken.IsCompleted);

        other.Script("COMMIT");
        await waiting.WaitAsync(TimeSpan.FromSeconds(20), Cancellation);
        Assert.Equal([1], await NumbersAsync(database));
    }

    [Fact]
    public async Task A_file_that_lost_its_log_after_a_crash_is_left_alone_and_the_error_says_what_to_do()
    {
        await file.Open().CommitAsync(connection => Insert(connection, 1));
        file.Crash();
        File.WriteAllText(file.Path + ".open", "");
        File.Move(file.Path + "-wal", file.Path + "-elsewhere");
        var message = Assert.Throws<IOException>(() => file.Open()).Message;
        Assert.Contains($"{file.Path}-wal is gone", message, StringComparison.Ordinal);
        Assert.Contains($"delete {file.Path}.open", message, StringComparison.Ordinal);

        File.Move(file.Path + "-elsewhere", file.Path + "-wal");
        Assert.Equal([1], await NumbersAsync(file.Open()));
    }

    [Fact]
    public async Task A_file_is_marked_as_open_until_it_is_closed()
    {
        var database = file.Open();
        Assert.True(File.Exists(file.Path + "-wal") && File.Exists(file.Path + ".open"));
        await database.DisposeAsync();
        Assert.False(File.Exists(file.Path + "-wal") || File.Exists(file.Path + ".open"));
        database = file.Open();
        Assert.True(File.Exists(file.Path + "-wal") && File.Exists(file.Path + ".open"));
        Assert.Empty(await NumbersAsync(database));
    }

    /// <summary>Blocks the writer, so that what is queued meanwhile shares a transaction.</summary>
    static Pause Busy(Database database)
    {
        var go = new Pause();
        database.Enqueue(go);
        return go;
    }

    static long Insert(Connection connection, int number) => new Insertion(number).Change(connection);

    static async Task<List<int>> NumbersAsync(Database database) =>
        await database.ReadAsync(connection => connection.Sql("SELECT row FROM accepted ORDER BY row").Rows(row => (int)row.Long(0)));

    sealed class Insertion(int number) : Write
    {
        public int FullTimes { get; set; }

        public override void Run(Connection connection)
        {
            Change(connection);
            if (FullTimes > 0)
            {
                FullTimes--;
                throw new SqliteException("database or disk is full", SQLitePCL.raw.SQLITE_FULL);
            }
        }

        public long Change(Connection connection) =>
            connection.Sql("INSERT INTO accepted VALUES (?, 0, ?)").Bind(number).Bind([1, 2, 3]).Run();
    }
}
