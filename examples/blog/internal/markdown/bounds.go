package markdown

import (
	"bytes"
	"errors"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
)

// maxDepth is how many blocks may lie in each other: more than people write. What would lie
// deeper is shown as it was written. A text of nothing but ">" took a second.
const maxDepth = 32

// shallow is a parser of blocks that hold others, down to maxDepth.
type shallow struct{ parser.BlockParser }

func (s shallow) Open(parent ast.Node, reader text.Reader, pc parser.Context) (ast.Node, parser.State) {
	depth := 0
	for n := parent; n != nil; n = n.Parent() {
		depth++
	}
	if depth > maxDepth {
		return nil, parser.NoChildren
	}
	return s.BlockParser.Open(parent, reader, pc)
}

// maxLinks is how many beginnings and ends of links a text may have. Further ones are shown
// as they were written. A text of nothing but "[a](" took a second: each looked for its end.
const maxLinks = 2000

// someLinks is a parser of links, up to maxLinks of them.
type someLinks struct{ parser.InlineParser }

var linksKey = parser.NewContextKey()

func (l someLinks) Parse(parent ast.Node, block text.Reader, pc parser.Context) ast.Node {
	n, _ := pc.Get(linksKey).(int)
	if n >= maxLinks {
		return nil
	}
	pc.Set(linksKey, n+1)
	return l.InlineParser.Parse(parent, block, pc)
}

// CloseBlock is called at the end of each paragraph.
func (l someLinks) CloseBlock(parent ast.Node, block text.Reader, pc parser.Context) {
	if closer, ok := l.InlineParser.(parser.CloseBlocker); ok {
		closer.CloseBlock(parent, block, pc)
	}
}

// maxOutput is how many bytes the HTML of a text may have: several times as many as that of
// any text that people write.
const maxOutput = 1 << 20

// bounded holds up to maxOutput. It has no other way to write than Write: others would get
// round the bound.
type bounded struct{ held bytes.Buffer }

var errFull = errors.New("the HTML is too large")

func (b *bounded) Write(p []byte) (int, error) {
	if b.held.Len()+len(p) > maxOutput {
		return 0, errFull
	}
	return b.held.Write(p)
}
