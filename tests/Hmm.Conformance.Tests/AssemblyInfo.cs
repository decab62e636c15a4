// SPDX-License-Identifier: GPL-2.0-or-later

// A run stands where the core would end the process, and counts the process's threads and files.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
