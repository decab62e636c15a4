// SPDX-License-Identifier: GPL-2.0-or-later
using System.Diagnostics;
using Hmm.Core.Modules;
using Hmm.Core.Modules.Exports;
using Hmm.Core.Modules.Metadata;
using Hmm.Uapi;
using Xunit.Abstractions;

namespace Hmm.Modules.Tests;

/// <summary>
/// 100,000 mutated assemblies through everything that is read before a module's code may run: each ends in an answer or
/// in an <see cref="HmmException"/>, soon, and no code runs.
/// </summary>
public sealed class FuzzTests(ITestOutputHelper output)
{
    private const int Mutants = 100_000;

    /// <summary>Found bugs keep their seeds here: none so far has made the reader throw anything else.</summary>
    private const int Seed = 4;

    [Fact]
    public void MutatedAssembliesNeverCrashHangOrRun()
    {
        AppDomain.CurrentDomain.SetData("fuzz ran", null);
        var originals = new[]
        {
            Compiler.Compile(
                "Small", Source.Module("GPL", init: "AppDomain.CurrentDomain.SetData(\"fuzz ran\", true);")),
            Compiler.Compile("Rich", Source.Module(
                "GPL",
                """
                [ExportSymbol(Namespace = "N")] public class Generic<T> : List<T[]> where T : IDeviceDriver
                {
                    public class Nested {
                        public static unsafe int* F(ref T a, in Pfn b, delegate*<int, void> c) => null; }
                    [ExportSymbolGpl] public IEnumerable<(int, string)> G() { yield return (1, "x"); }
                }
                public abstract class Ops : IDeviceMemoryOps
                {
                    static Ops() { AppDomain.CurrentDomain.SetData("fuzz ran", true); }
                    public abstract void Fault(CopyBatch batch);
                    public abstract void Evict(CopyBatch batch);
                    public virtual void Free(Pfn first, int frameCount) { switch (frameCount)
                        { case 1: case 2: case 3: case 4: throw new HmmException(Errno.EIO, ""); } }
                    public override string ToString() => base.ToString() + typeof(Generic<>);
                }
                internal static class Init {
                    [ModuleInitializer] internal static void Run() =>
                        AppDomain.CurrentDomain.SetData("fuzz ran", true); }
                """,
                "[assembly: ModuleParameter(\"p\", ModuleParameterType.Size, Default = \"1\"), "
                    + "ModuleDepends(\"X\"), ImportNamespace(\"Y\")]")),
        };
        var outcomes = new int[3];
        var slowest = TimeSpan.Zero;
        var gate = new Lock();
        Parallel.For(0, Environment.ProcessorCount, worker =>
        {
            using var judge = new Judge();
            for (var i = worker; i < Mutants; i += Environment.ProcessorCount)
            {
                var start = Stopwatch.GetTimestamp();
                var outcome = judge.Try(Mutate(originals[i % originals.Length], i), $"mutant {i} of seed {Seed}");
                var took = Stopwatch.GetElapsedTime(start);
                lock (gate)
                {
                    outcomes[(int)outcome]++;
                    slowest = took > slowest ? took : slowest;
                }
            }
        });

        output.WriteLine(
            $"seed {Seed}: {outcomes[0]} accepted, {outcomes[1]} refused, {outcomes[2]} malformed; slowest "
                + $"{slowest.TotalMilliseconds:0} ms");
        Assert.Null(AppDomain.CurrentDomain.GetData("fuzz ran"));
        Assert.DoesNotContain(AppDomain.CurrentDomain.GetAssemblies(), a => a.GetName().Name is "Small" or "Rich");
        Assert.All(outcomes, o => Assert.True(o > 0, "the mutants are all alike: the mutator is broken"));
        // Wall time on a machine that does other things too: this finds a hang, the work budget bounds the work.
        Assert.True(slowest < TimeSpan.FromMinutes(1), $"one mutant took {slowest}");
    }

    /// <summary>
    /// Changes 1 to 16 places; half of the time by values that are likely to hit a limit, and
    /// mostly in the metadata.
    /// </summary>
    private static byte[] Mutate(byte[] original, int index)
    {
        var random = new Random((Seed * Mutants) + index);
        var mutant = original.AsSpan().ToArray();
        byte[] edges = [0, 1, 0x0f, 0x12, 0x15, 0x1d, 0x7f, 0x80, 0xc0, 0xfe, 0xff];
        for (var change = random.Next(1, 17); change > 0; change--)
        {
            var at = random.Next(random.Next(8) == 0 ? 0 : 0x200, mutant.Length);
            switch (random.Next(6))
            {
                case 0:
                    mutant.AsSpan(
                        at, Math.Min(random.Next(1, 64), mutant.Length - at)).Fill(edges[random.Next(edges.Length)]);
                    break;
                case 1:
                    var from = random.Next(mutant.Length);
                    var length = Math.Min(random.Next(1, 128), mutant.Length - Math.Max(at, from));
                    mutant.AsSpan(from, length).CopyTo(mutant.AsSpan(at));
                    break;
                case 2:
                    mutant[at] = edges[random.Next(edges.Length)];
                    break;
                case 3:
                    mutant[at] ^= (byte)(1 << random.Next(8));
                    break;
                case 4 when random.Next(16) == 0:
                    return mutant[..at];
                default:
                    mutant[at] = (byte)random.Next(256);
                    break;
            }
        }

        return mutant;
    }

    private enum Outcome
    {
        Accepted,
        Refused,
        Malformed,
    }

    private sealed class Judge : IDisposable
    {
        private static readonly HashSet<string> s_protected = ["Hmm.Core", "Hmm.Uapi"];
        private readonly MetadataImage _core = MetadataImage.FromLoaded(typeof(IModule).Assembly);
        private readonly ExportTable _table = new();

        public Judge()
        {
            _table.Add(ExportReader.Read(_core, publicMeansExported: true).Exports);
        }

        public Outcome Try(byte[] bytes, string what)
        {
            try
            {
                using var image = ModuleImageReader.Read("mutant.dll", bytes);
                ModuleImageReader.Guard("mutant.dll", () =>
                {
                    var surface = ExportReader.Read(image.Metadata, publicMeansExported: false);
                    _table.RequireNew(image.Name, surface.Exports);
                    var universe = new MetadataUniverse([_core, image.Metadata]);
                    var references = ReferenceCollector.Collect(
                        image.Metadata, universe, new HashSet<string> { image.Name }, s_protected);
                    var manifest = image.Manifest!;
                    LicenceGate.Judge(
                        _table,
                        new GateQuestion(
                            image.Name,
                            manifest.License,
                            manifest.Imports,
                            references.Symbols,
                            references.Bypasses,
                            _ => Taint.None));
                    return WrapFinder.Mark(surface.Exports, universe, [image.Metadata], _table);
                });
                return Outcome.Accepted;
            }
            catch (HmmException e)
            {
                return e.Errno == Errno.ENOEXEC ? Outcome.Malformed : Outcome.Refused;
            }
#pragma warning disable CA1031 // The point of the test: anything else is a defect, and must name its mutant.
            catch (Exception e)
#pragma warning restore CA1031
            {
                throw new InvalidOperationException($"{what}: {e.GetType().Name}: {e.Message}", e);
            }
        }

        public void Dispose() => _core.Dispose();
    }
}
