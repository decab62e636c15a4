// SPDX-License-Identifier: GPL-2.0-or-later
return Hmm.Host.HostProgram.Run(args);
