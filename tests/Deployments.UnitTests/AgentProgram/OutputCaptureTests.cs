extern alias agent;

using agent::Deployments.Agent;
using NUnit.Framework;
using Shouldly;

namespace Deployments.UnitTests.AgentProgram;

public sealed class OutputCaptureTests
{
    private const int Limit = 100;

    [Test]
    public async Task Output_is_kept_whole_up_to_the_limit_and_else_its_beginning_and_end(
        [Values(0, 1, 49, 50, 51, 99, 100, 101, 149, 150, 151, 1_000, 40_000)] int length, [Values(1, 7, 64, 20_000)] int chunk)
    {
        var text = string.Concat(Enumerable.Range(0, length).Select(index => (char)('a' + (index % 26))));

        var capture = OutputCapture.Start(new ChunkedStream(text, chunk), Limit);
        await capture.End;

        capture.IsCut.ShouldBe(length > Limit);
        capture.TakeText().ShouldBe(length <= Limit ? text : text[..(Limit / 2)] + OutputCapture.CutMark + text[^(Limit / 2)..]);
    }

    private sealed class ChunkedStream(string text, int chunk) : MemoryStream(System.Text.Encoding.ASCII.GetBytes(text))
    {
        public override int Read(Span<byte> buffer) => base.Read(buffer[..Math.Min(chunk, buffer.Length)]);

        public override int Read(byte[] buffer, int offset, int count) => base.Read(buffer, offset, Math.Min(chunk, count));
    }
}
