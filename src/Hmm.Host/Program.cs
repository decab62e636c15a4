// SPDX-License-Identifier: GPL-2.0-or-later

// The exit code of sysexits.h for a command used wrongly.
const int Usage = 64;

Console.Error.WriteLine("hmm-host: this host has no fault engine yet, so it serves nobody; start it through `hmm host`.");
return Usage;
