package markdown

import (
	"bytes"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/renderer"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
)

// tables adds tables to Markdown, with a bound.
type tables struct{}

func (tables) Extend(m goldmark.Markdown) {
	m.Parser().AddOptions(
		parser.WithParagraphTransformers(util.Prioritized(someTables{extension.NewTableParagraphTransformer()}, 200)),
		parser.WithASTTransformers(util.Prioritized(extension.NewTableASTTransformer(), 0)),
	)
	html := extension.NewTableHTMLRenderer(extension.WithTableCellAlignMethod(extension.TableCellAlignAttribute))
	m.Renderer().AddOptions(renderer.WithNodeRenderers(util.Prioritized(html, 500)))
}

// maxCells is how many cells the tables of a text may have. A table that would have more is
// shown as it was written. Each row is filled up to the header's columns: a text of 15 KB had
// 4.5 million cells.
const maxCells = 5000

// someTables is a parser of tables, up to maxCells.
type someTables struct{ parser.ParagraphTransformer }

var cellsKey = parser.NewContextKey()

func (s someTables) Transform(paragraph *ast.Paragraph, reader text.Reader, pc parser.Context) {
	columns := columnsOf(paragraph, reader.Source())
	if columns == 0 {
		return
	}
	n, _ := pc.Get(cellsKey).(int)
	if n += columns * paragraph.Lines().Len(); n <= maxCells {
		pc.Set(cellsKey, n)
		s.ParagraphTransformer.Transform(paragraph, reader, pc)
	}
}

// columnsOf returns the most columns that a paragraph may have as a table; 0 if it is none.
func columnsOf(paragraph *ast.Paragraph, source []byte) (most int) {
	lines := paragraph.Lines()
	for i := 1; i < lines.Len(); i++ {
		segment := lines.At(i)
		line := bytes.TrimSpace(segment.Value(source))
		if len(bytes.Trim(line, "|-: \t\v\f")) > 0 {
			continue // it does not part the header from the rows
		}
		line = bytes.TrimPrefix(bytes.TrimSuffix(line, []byte("|")), []byte("|"))
		most = max(most, 1+bytes.Count(line, []byte("|")))
	}
	return most
}
