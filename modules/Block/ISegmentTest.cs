// SPDX-License-Identifier: GPL-2.0-or-later
namespace Hmm.Modules.Block;

/// <summary>Whether a segment is one that a search wants.</summary>
internal interface ISegmentTest
{
    bool Accepts(in Segment segment);
}
