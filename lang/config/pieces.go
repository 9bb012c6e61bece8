package config

import (
	"bytes"
	"maps"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// pieceBytes is about how much of a file is parsed at a time. The tokens of a whole file take thirty times its size, and the
// list of them is copied each time it grows.
const pieceBytes = 4 << 10

// parseNative parses a file in HCL's own syntax. Its loops are metered.
func parseNative(src []byte, name string) (*hclsyntax.Body, hcl.Diagnostics) {
	if body := parsePieces(pieces(src, pieceBytes), name); body != nil {
		return body, nil
	}
	return parsePiece(piece{text: src, start: hcl.InitialPos}, name)
}

// piece is a part of a file.
type piece struct {
	text  []byte
	start hcl.Pos
}

// byteOrder is a mark that the parser skips at the start of a text, and only there.
var byteOrder = []byte("\ufeff")

// pieces cuts a file behind lines that are nothing but a closing brace: the end of a block, as files are usually laid out.
func pieces(src []byte, size int) []piece {
	var list []piece
	pos := hcl.InitialPos
	for len(src) > size {
		i := bytes.Index(src[size:], []byte("\n}\n"))
		if i < 0 || bytes.HasPrefix(src[size+i+3:], byteOrder) {
			break
		}
		p := piece{src[:size+i+3], pos}
		list = append(list, p)
		pos.Byte += len(p.text)
		pos.Line += bytes.Count(p.text, []byte("\n"))
		src = src[len(p.text):]
	}
	return append(list, piece{src, pos})
}

// parsePieces parses the pieces of a file on all processors; nil if that cannot stand for parsing it as a whole.
//
// A piece that is right by itself leaves nothing open: no brace, no string, no comment. So the parser would have come to the
// next one in the state that it begins a file with, and it was right to cut there. Anything else makes a diagnostic.
func parsePieces(list []piece, name string) *hclsyntax.Body {
	bodies := make([]*hclsyntax.Body, len(list))
	var next atomic.Int64
	var wrong atomic.Bool
	var wait sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(list)) {
		wait.Go(func() {
			for i := next.Add(1) - 1; i < int64(len(list)) && !wrong.Load(); i = next.Add(1) - 1 {
				body, diags := parsePiece(list[i], name)
				if bodies[i] = body; len(diags) > 0 {
					wrong.Store(true)
				}
			}
		})
	}
	wait.Wait()
	if wrong.Load() {
		return nil
	}
	return joined(bodies)
}

func parsePiece(p piece, name string) (*hclsyntax.Body, hcl.Diagnostics) {
	file, diags := hclsyntax.ParseConfig(p.text, name, p.start)
	if file == nil {
		return nil, diags
	}
	body := file.Body.(*hclsyntax.Body)
	meterLoops(body)
	return body, diags
}

// joined puts the bodies of all pieces together; nil if they cannot be in one.
func joined(bodies []*hclsyntax.Body) *hclsyntax.Body {
	all, last := *bodies[0], bodies[len(bodies)-1]
	attributes := len(all.Attributes)
	for _, b := range bodies[1:] {
		maps.Copy(all.Attributes, b.Attributes)
		attributes += len(b.Attributes)
		all.Blocks = append(all.Blocks, b.Blocks...)
	}
	if attributes > len(all.Attributes) {
		return nil // some are set twice
	}
	all.SrcRange, all.EndRange = hcl.RangeBetween(all.SrcRange, last.SrcRange), last.EndRange
	return &all
}
