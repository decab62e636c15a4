// SPDX-License-Identifier: GPL-2.0-or-later
// One test at a time: each uses every core of a small machine, and some look at what the whole process does.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
[assembly: global::System.Runtime.Versioning.SupportedOSPlatform("linux")]
