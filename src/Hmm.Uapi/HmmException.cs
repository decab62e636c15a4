// SPDX-License-Identifier: MIT
namespace Hmm.Uapi;

/// <summary>
/// An operating error: something outside the program's logic failed (a device is full, a limit is
/// reached, the system forbids a call). Misuse throws the <see cref="ArgumentException"/> family
/// instead.
/// </summary>
public sealed class HmmException : IOException
{
    /// <summary>Creates the exception.</summary>
    /// <param name="errno">The error number, as Linux defines it.</param>
    /// <param name="message">
    /// One sentence: what failed, with which arguments, and what to do.
    /// </param>
    /// <param name="innerException">The cause, where there is one.</param>
    public HmmException(Errno errno, string message, Exception? innerException = null)
        : base($"{message} ({errno})", innerException)
    {
        Errno = errno;
        Sentence = message;
    }

    /// <summary>The error number, as Linux defines it.</summary>
    public Errno Errno { get; }

    /// <summary>
    /// The sentence alone, as it crosses the boundary: <see cref="Exception.Message"/> adds the
    /// error's name.
    /// </summary>
    public string Sentence { get; }
}
