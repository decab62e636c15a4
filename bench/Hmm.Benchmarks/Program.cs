// SPDX-License-Identifier: GPL-2.0-or-later
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.Emit;
using Hmm.Benchmarks.Block;

// In process: the out-of-process toolchain of BenchmarkDotNet 0.14 does not know this runtime. Run
// Release builds, e.g. dotnet run -c Release --project bench/Hmm.Benchmarks -- --filter
// '*PageMapIndex*'
//
// `fio [FOLDER] [--encrypt]` compares the block device with fio instead.
if (args is ["fio", .. var rest])
{
    return FioComparison.Run(rest);
}

var config = DefaultConfig.Instance
    .AddJob(Job.ShortRun.WithToolchain(InProcessEmitToolchain.Instance))
    .WithArtifactsPath(Path.Combine("artifacts", "benchmarks"));
BenchmarkSwitcher.FromAssembly(typeof(Program).Assembly).Run(args, config);
return 0;
