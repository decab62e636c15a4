// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Cli.Replay.Policies;
using Hmm.Core.Modules.Loading;
using Hmm.Core.Policies;
using Hmm.Host.Engine;
using Hmm.Host.Tracing;
using Hmm.Linux;
using Hmm.Pmem;
using Hmm.Uapi;

namespace Hmm.Cli.Replay;

/// <summary>The policies that a replay can run, by name.</summary>
internal sealed class PolicyChoice
{
    /// <summary>The default policy of a host.</summary>
    internal const string Default = "three-queues";

    /// <summary>All that are built in.</summary>
    internal const string All = "all";

    private const string Lru = "lru";
    private const string Clock = "clock";
    private const string S3Fifo = "s3-fifo";
    private const string Optimum = "optimum";
    private static readonly string[] s_seesUses = [Lru, Clock, S3Fifo, Optimum];

    private readonly Func<string, ModuleLoader> _load; // immutable

    private PolicyChoice(string name, Func<string, ModuleLoader> load)
    {
        Name = name;
        _load = load;
    }

    /// <summary>What it is called.</summary>
    internal string Name { get; }

    /// <summary>Whether it sees each use of a page, which a host does not.</summary>
    internal bool SeesUses => s_seesUses.Contains(Name);

    /// <summary>The policies of a list.</summary>
    /// <exception cref="HmmException">A module that offers one is refused; ENOENT: there is none.</exception>
    internal static IReadOnlyList<PolicyChoice> Parse(string list)
    {
        var names = list.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
            .SelectMany(static name => name == All ? [Default, .. s_seesUses] : new[] { name })
            .Distinct(StringComparer.Ordinal)
            .ToList();
        if (names.Count == 0)
        {
            throw new CommandException(ExitCode.Usage, $"--policy: give {Known}");
        }

        var loaders = new Dictionary<string, ModuleLoader>(StringComparer.Ordinal);
        foreach (var name in names.Where(static name => name != Default && !s_seesUses.Contains(name)))
        {
            loaders.Add(name, Load(name));
        }

        return names.ConvertAll(name => new PolicyChoice(name, own => loaders[own]));
    }

    /// <summary>Runs it.</summary>
    /// <param name="log">The trace.</param>
    /// <param name="budgetBytes">The budget.</param>
    /// <param name="residences">Where uses are that the trace did not see; null: it is full.</param>
    /// <param name="prefetches">Whether streams are brought ahead.</param>
    internal ReplayResult Run(TraceLog log, long budgetBytes, Residences? residences, bool prefetches)
    {
        var uses = Name == Optimum ? new NextUses(UsesOf(log)) : null;
        var capacity = budgetBytes >> Limits.PageShiftMin;
        IReplayPolicy policy = Name switch
        {
            Default => new HostPolicy(new ThreeQueuePolicy(capacity)),
            Lru => new LruPolicy(),
            Clock => new ClockPolicy(),
            S3Fifo => new S3FifoPolicy(capacity),
            Optimum => new OptimalPolicy(uses!),
            _ => new HostPolicy(_load(Name).Policies.Create(Name, capacity)),
        };
        return new ReplayRun(log, budgetBytes, policy, uses, residences?.Rewind(), prefetches).Run(Name);
    }

    private static string Known => $"{All}, {Default}, {string.Join(", ", s_seesUses)}, or one of a module beside hmm";

    private static List<ulong> UsesOf(TraceLog log)
    {
        var uses = new List<ulong>();
        foreach (var record in log.Records)
        {
            for (var i = 0UL; log.IsUse(in record) && i < record.Count; i++)
            {
                uses.Add(record.Page + i);
            }
        }

        return uses;
    }

    /// <summary>Loads the module that offers a policy, by the rules of a host.</summary>
    private static ModuleLoader Load(string name)
    {
        var folder = Path.Combine(AppContext.BaseDirectory, "modules");
        var module = HostDevices.ModuleNameOf(name);
        if (!InTree.Modules.Any(file => Path.GetFileNameWithoutExtension(file) == module))
        {
            throw new CommandException(ExitCode.Usage, $"--policy: there is no policy '{name}'; give {Known}");
        }

        var loader = new ModuleLoader(new ModuleLoaderOptions
        {
            Folders = [new ModuleFolder(folder, InTree: true)],
            KnownHashes = KnownModules.Read(folder),
            SharedAssemblies = [typeof(UserfaultFd).Assembly, typeof(PmemStore).Assembly],
        });
        loader.Load(module);
        return loader.Policies.Names.Contains(name)
            ? loader
            : throw new CommandException(ExitCode.Usage, $"--policy: module {module} offers no policy '{name}'");
    }
}
