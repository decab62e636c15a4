// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Cli;
using Hmm.Cli.Output;

return await CommandLine.RunAsync(args, Terminal.Detect()).ConfigureAwait(false);
