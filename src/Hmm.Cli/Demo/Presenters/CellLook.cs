// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Uapi;
using Spectre.Console;

namespace Hmm.Cli.Demo.Presenters;

/// <summary>
/// How a cell of the residency map looks: by what most of its pages are. Colours are of the
/// Okabe-Ito set, which people with any colour vision tell apart; the glyphs differ too.
/// </summary>
/// <param name="Glyph">One column wide.</param>
/// <param name="Style">Its colour.</param>
/// <param name="Meaning">The legend's words.</param>
internal sealed record CellLook(char Glyph, Style Style, string Meaning)
{
    internal static readonly CellLook Written = new('█', new Style(new Color(230, 159, 0)), "in DRAM, written");
    internal static readonly CellLook Clean = new('▓', new Style(new Color(0, 158, 115)), "in DRAM, clean");
    internal static readonly CellLook OnDevice = new('▒', new Style(new Color(86, 180, 233)), "on the device");
    internal static readonly CellLook Nowhere = new('·', new Style(Color.Grey), "zeros, stored nowhere");
    internal static readonly CellLook Poisoned = new('X', new Style(new Color(213, 94, 0)), "lost");

    /// <summary>The legend, in order.</summary>
    internal static IReadOnlyList<CellLook> All { get; } = [Written, Clean, OnDevice, Nowhere];

    internal static CellLook Of(in ResidencyCell cell)
    {
        if ((cell.Marks & CellMarks.Poisoned) != 0)
        {
            return Poisoned;
        }

        var nowhere = 255 - cell.Resident - cell.OnDevice;
        if (nowhere > Math.Max(cell.Resident, cell.OnDevice))
        {
            return Nowhere;
        }

        if (cell.OnDevice >= cell.Resident)
        {
            return OnDevice;
        }

        return cell.Dirty * 2 > cell.Resident ? Written : Clean;
    }
}
