// SPDX-License-Identifier: GPL-2.0-or-later
namespace Hmm.Host.Tests.Sessions;

/// <summary>Tests that count the process's descriptors run alone.</summary>
[CollectionDefinition("Descriptors", DisableParallelization = true)]
public sealed class DescriptorsCollection;
