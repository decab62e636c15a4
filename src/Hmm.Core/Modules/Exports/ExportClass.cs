// SPDX-License-Identifier: GPL-2.0-or-later
namespace Hmm.Core.Modules.Exports;

/// <summary>Who may use an export.</summary>
internal enum ExportClass
{
    /// <summary>Any module: <c>EXPORT_SYMBOL</c>.</summary>
    Plain,

    /// <summary>GPL-compatible modules: <c>EXPORT_SYMBOL_GPL</c>.</summary>
    GplOnly,
}
