// SPDX-License-Identifier: GPL-2.0-or-later
namespace Hmm.Core.Modules;

/// <summary>What can be exported: every kind of declaration that a module's metadata can refer to.</summary>
internal static class ExportTargets
{
    public const AttributeTargets All = AttributeTargets.Class | AttributeTargets.Struct | AttributeTargets.Enum
        | AttributeTargets.Interface | AttributeTargets.Delegate | AttributeTargets.Method
        | AttributeTargets.Constructor | AttributeTargets.Property | AttributeTargets.Field | AttributeTargets.Event;
}
