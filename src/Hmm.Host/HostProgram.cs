// SPDX-License-Identifier: GPL-2.0-or-later
using System.CommandLine;
using System.Runtime.InteropServices;
using Hmm.Core.Migration;
using Hmm.Core.Modules;
using Hmm.Host.Engine;
using Hmm.Host.Sessions;
using Hmm.Linux;
using Hmm.Uapi;

namespace Hmm.Host;

/// <summary>
/// The host's command line, for a process of its own and for <c>hmm host</c>: one session on an inherited descriptor
/// (the private host of one application, which ends with it), or a daemon on a socket.
/// </summary>
public static class HostProgram
{
    /// <summary>
    /// Environment variable that selects a broken variant of the eviction protocol, for tests that
    /// must fail.
    /// </summary>
    public const string MutantVariable = "HMM_TEST_MUTANT";

    // Exit codes of sysexits.h: used wrongly, and the system does not allow it.
    private const int ExitUsage = 64;
    private const int ExitUnavailable = 69;

    private static readonly Option<int?> s_descriptor = new("--session-descriptor")
    {
        Description = "Serve one session on this inherited descriptor and end with it.",
    };

    private static readonly Option<string?> s_socket = new("--socket")
    {
        Description = "Listen on this Unix socket until stopped.",
    };

    private static readonly Option<string?> s_budget = new("--budget")
    {
        Description = "The DRAM that all ranges may use together, as in 256MiB. Default: a quarter of what this "
            + "process may use.",
    };

    private static readonly Option<string[]> s_devices = new("--device")
    {
        Description =
            "The devices that pages go to, fastest first, as in compressed,memory=1GiB,block,folder=/var/tmp.",
    };

    private static readonly Option<string?> s_folder = new("--device-folder")
    {
        Description = "The folder of the default block device. Default: the system's temporary folder.",
    };

    private static readonly Option<string?> s_size = new("--device-size")
    {
        Description = "The size of the default block device. Default: seven tenths of the folder's free space.",
    };

    private static readonly Option<string?> s_policy = new("--policy")
    {
        Description = "The reclaim policy, from the module of that name, as in cyclic. Default: the built-in three "
            + "queues.",
    };

    private static readonly Option<string?> s_deadline = new("--device-deadline")
    {
        Description = "How long a device may take for a copy, as in 30s or 500ms, 100ms to 1h; then whoever waits for "
            + "it gets an error. Default: 10s.",
    };

    private static readonly Option<string?> s_spin = new("--spin")
    {
        Description = "How long the fault thread looks for the next fault before it sleeps, as in 50us, up to 1ms. "
            + "Default: 25us, and on one processor 0us, not at all.",
    };

    private static readonly Option<bool> s_idlePoll = new("--idle-poll")
    {
        Description = "Keep processors awake while faults come, with time that nobody else wants.",
    };

    private static readonly Option<string> s_modules = new("--modules")
    {
        Description = "The folder of the modules that were built with the host.",
        DefaultValueFactory = static _ => Path.Combine(AppContext.BaseDirectory, "modules"),
    };

    private static readonly Option<string[]> s_otherModules = new("--module-folder")
    {
        Description = "A further folder that modules may be loaded from; may be given several times.",
    };

    /// <summary>Runs a host until its session, or the process, ends.</summary>
    /// <param name="args">The command line.</param>
    /// <returns>
    /// 0; 64: used wrongly; 69: the system or a device does not allow it. The reason is on standard
    /// error.
    /// </returns>
    public static int Run(string[] args)
    {
        var command = new RootCommand(
            "The host of Hmm.NET: owns devices and page tables, and resolves the faults of applications.");
        Option[] options =
        [
            s_descriptor, s_socket, s_budget, s_devices, s_folder, s_size, s_modules, s_otherModules, s_policy,
            s_deadline, s_spin, s_idlePoll,
        ];
        Array.ForEach(options, command.Options.Add);

        command.SetAction(RunHost);
        return command.Parse(args).Invoke();
    }

    private static int RunHost(ParseResult parsed)
    {
        var descriptor = parsed.GetValue(s_descriptor);
        var path = parsed.GetValue(s_socket);
        if (descriptor is null == path is null)
        {
            HostLog.Write(
                "give either --socket PATH, to serve many applications, or --session-descriptor N, to "
                    + "serve one.");
            return ExitUsage;
        }

        try
        {
            return path is null ? RunSession(descriptor!.Value, parsed) : RunDaemon(path, OptionsOf(parsed));
        }
        catch (HmmException exception)
        {
            HostLog.Write(exception.Message);
            return exception.Errno == Errno.EINVAL ? ExitUsage : ExitUnavailable;
        }
        catch (PlatformNotSupportedException exception)
        {
            HostLog.Write(exception.Message);
            return ExitUnavailable;
        }
    }

    private static int RunSession(int descriptor, ParseResult parsed)
    {
        // Ctrl+C goes to the application and to its host alike. The application decides whether it ends; until its
        // connection closes, every page that it touches needs this process.
        using var interrupt = PosixSignalRegistration.Create(
            PosixSignal.SIGINT, static context => context.Cancel = true);
        using var hangup = PosixSignalRegistration.Create(PosixSignal.SIGHUP, static context => context.Cancel = true);
        var socket = UnixSocket.Adopt(descriptor);
        HostEngine engine;
        try
        {
            engine = new HostEngine(OptionsOf(parsed));
        }
        catch (HmmException exception)
        {
            // The client reads the reason as the reply to its first request.
            Session.Refuse(socket, exception.Errno, exception.Sentence);
            throw;
        }

        using (engine)
        {
            using var session = Session.Start(socket, engine.Connect(socket.Peer));
            session.Wait();
        }

        return 0;
    }

    private static int RunDaemon(string path, HostOptions options)
    {
        using var stop = new ManualResetEventSlim();
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
        var socket = UnixSocket.Listen(path, Limits.SessionsMax);
        HostEngine engine;
        try
        {
            engine = new HostEngine(options);
        }
        catch
        {
            socket.Dispose();
            throw;
        }

        using (engine)
        using (SessionListener.Start(socket, engine.Connect))
        {
            Console.Out.WriteLine($"hmm-host: listening on {path}, budget {options.BudgetBytes >> 20} MiB, devices: " +
                $"{string.Join(", ", engine.Devices.Snapshot().Select(static device => device.Name))}");
            stop.Wait();
        }

        return 0;

        void Stop(PosixSignalContext context)
        {
            context.Cancel = true;
            stop.Set();
        }
    }

    private static HostOptions OptionsOf(ParseResult parsed)
    {
        var budget = parsed.GetValue(s_budget);
        var devices = parsed.GetValue(s_devices) ?? [];
        return new HostOptions
        {
            BudgetBytes = budget is null ? DefaultBudgetBytes() : SizeOf("--budget", budget),
            Devices = devices.Length > 0 ? devices : [DefaultDevice(parsed)],
            IsShared = parsed.GetValue(s_socket) is not null,
            ModuleFolder = parsed.GetValue(s_modules)!,
            OtherModuleFolders = parsed.GetValue(s_otherModules) ?? [],
            ReclaimPolicy = string.IsNullOrEmpty(parsed.GetValue(s_policy)) ? null : parsed.GetValue(s_policy),
            DeviceDeadline = DeadlineOf(parsed.GetValue(s_deadline)),
            SpinTime = SpinTimeOf(parsed.GetValue(s_spin)),
            IdlePoll = parsed.GetValue(s_idlePoll),
            Mutant = MutantOfEnvironment(),
        };
    }

    private static Mutant MutantOfEnvironment()
    {
        var name = Environment.GetEnvironmentVariable(MutantVariable);
        return Enum.TryParse<Mutant>(name, out var mutant) ? mutant : Mutant.None;
    }

    private static ulong SizeOf(string option, string text) => ByteSize.TryParse(text, out var bytes)
        ? bytes
        : throw new HmmException(Errno.EINVAL, $"{option} must be a size such as 256MiB or 1GiB, and '{text}' is not.");

    private static TimeSpan DeadlineOf(string? text)
    {
        if (text is null)
        {
            return DeadlineLoop.Default;
        }

        return Duration.TryParse(text, DeadlineLoop.Min, DeadlineLoop.Max, out var deadline)
            ? deadline
            : throw new HmmException(
                Errno.EINVAL, $"--device-deadline must be a time from 100ms to 1h, such as 10s, and '{text}' is not.");
    }

    private static TimeSpan SpinTimeOf(string? text)
    {
        if (text is null)
        {
            return FaultLoop.SpinTimeDefault;
        }

        return Duration.TryParse(text, TimeSpan.Zero, FaultLoop.SpinTimeMax, out var time)
            ? time
            : throw new HmmException(Errno.EINVAL, $"--spin must be a time from 0us to 1ms, and '{text}' is not.");
    }

    private static ulong DefaultBudgetBytes()
    {
        var total = SystemInfo.TotalMemoryBytes;
        var usable = SystemInfo.TryGetMemoryLimit(out var limit, out _) ? Math.Min(limit, total) : total;
        return Math.Max(usable / 4, Limits.BudgetBytesMin);
    }

    private static string DefaultDevice(ParseResult parsed)
    {
        var folder = parsed.GetValue(s_folder) ?? Path.GetTempPath();
        var size = parsed.GetValue(s_size);
        if (!Directory.Exists(folder))
        {
            throw new HmmException(
                Errno.ENOENT, $"The device folder \"{folder}\" does not exist; create it, or name another with "
                    + "--device-folder.");
        }

        // Its file may grow a quarter larger than what it holds, and something is left for others.
        var bytes = size is null ? SystemInfo.FreeSpaceBytes(folder) / 10 * 7 : SizeOf("--device-size", size);
        return $"block,folder={folder},size={bytes & ~4095UL}";
    }
}
