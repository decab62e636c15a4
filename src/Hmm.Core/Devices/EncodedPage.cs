// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Core.Modules;

namespace Hmm.Core.Devices;

/// <summary>
/// What is said of a page that goes from one device to another as it is kept: its bytes stand at the start of its 4096
/// in the buffer.
/// </summary>
/// <param name="Encoding">How they stand.</param>
/// <param name="LengthBytes">How many: 1 to 4096; 4096 if it is plain.</param>
/// <param name="Checksum">
/// <see cref="Devices.Checksum.OfFrame"/> of the page as it was before it was encoded, to be kept beside the bytes and
/// compared when they are decoded: so what was damaged on any device on the way is found. Of a plain page: 0.
/// </param>
[ExportSymbolGpl]
public readonly record struct EncodedPage(PageEncoding Encoding, int LengthBytes, uint Checksum);
