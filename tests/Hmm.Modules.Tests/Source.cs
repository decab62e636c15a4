// SPDX-License-Identifier: GPL-2.0-or-later
namespace Hmm.Modules.Tests;

/// <summary>The text of small modules.</summary>
internal static class Source
{
    public const string Usings = """
        using System;
        using System.Collections.Generic;
        using System.Runtime.CompilerServices;
        using System.Threading;
        using Hmm.Core;
        using Hmm.Core.Devices;
        using Hmm.Core.Modules;
        using Hmm.Core.Physical;
        using Hmm.Uapi;

        """;

    /// <summary>A module whose init and exit log "init" and "exit".</summary>
    /// <param name="license">Its licence string.</param>
    /// <param name="code">Further types.</param>
    /// <param name="assembly">Further assembly attributes.</param>
    /// <param name="init">More statements for init.</param>
    /// <param name="exit">More statements for exit.</param>
    public static string Module(
        string license, string code = "", string assembly = "", string init = "", string exit = "") => $$"""
        {{Usings}}
        [assembly: Module("{{license}}", "A. Author", "A test module")]
        {{assembly}}
        public sealed class Entry : IModule
        {
            private ModuleContext _context = null!;
            public void Init(ModuleContext context) { _context = context; context.Log("init"); {{init}} }
            public void Exit() { _context.Log("exit"); {{exit}} }
        }
        {{code}}
        """;
}
