// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Uapi;

namespace Hmm.System.Tests.Support;

// An error is an errno, and one sentence that says what it is about and what to do.
internal static class Refused
{
    internal static void With(Errno errno, Action action, params string[] words)
    {
        var refused = Assert.Throws<HmmException>(action);
        Assert.Equal(errno, refused.Errno);
        IsSentence(refused.Sentence, words);
    }

    internal static void AsMisuse<T>(Action action, params string[] words)
        where T : Exception
    {
        var refused = Assert.Throws<T>(action);
        IsSentence(refused.Message.Split(" (Parameter")[0], words);
    }

    internal static void IsSentence(string message, params string[] words)
    {
        Assert.True(message.EndsWith('.') && !char.IsLower(message[0]), $"no sentence: {message}");
        foreach (var word in words)
        {
            Assert.Contains(word, message, StringComparison.OrdinalIgnoreCase);
        }
    }
}
