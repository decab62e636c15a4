// SPDX-License-Identifier: MIT
namespace Hmm.Linux;

// A descriptor of no particular kind.
internal sealed class Descriptor(int descriptor) : DescriptorHandle(descriptor);
