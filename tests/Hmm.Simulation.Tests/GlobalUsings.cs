// SPDX-License-Identifier: GPL-2.0-or-later
global using Hmm.Core.Virtual;
global using Hmm.Uapi;
