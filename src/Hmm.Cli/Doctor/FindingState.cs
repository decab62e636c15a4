// SPDX-License-Identifier: GPL-2.0-or-later
namespace Hmm.Cli.Doctor;

/// <summary>How grave a finding is.</summary>
internal enum FindingState
{
    /// <summary>As it should be.</summary>
    Ok,

    /// <summary>Hmm.NET runs, slower or with a limit; the fix says how to do better.</summary>
    Warning,

    /// <summary>Hmm.NET cannot run until this is fixed.</summary>
    Problem,
}
