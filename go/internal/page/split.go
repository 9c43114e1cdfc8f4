package page

import "runtime"

// leastShare is how many rows are worth a goroutine.
const leastShare = 1000

// share is a stretch of a page's rows.
type share struct {
	data        []byte // from the first row on
	first, rows int
}

// pieces are what a page consists of.
type pieces struct {
	shares []share
	rows   int
	token  string // the last one
	tokens int
}

// split takes a page apart, unless it has other fields than rows and tokens behind them. The rows of a long page are
// divided into shares that can be read at the same time.
func split(data []byte) (p pieces, ok bool) {
	var odd bool
	f := fields{rest: data, odd: &odd}
	var few [16]int
	starts := few[:0] // of every leastShare-th row
	for f.more() {
		at := len(data) - len(f.rest)
		switch f.tag() {
		case 1<<3 | length:
			if p.rows%leastShare == 0 {
				starts = append(starts, at)
			}
			p.rows++
			f.bytes()
			odd = odd || p.tokens > 0
		case 2<<3 | length:
			p.token = f.text()
			p.tokens++
		default:
			return pieces{}, false
		}
	}
	p.shares = sharesOf(data, starts, p.rows)
	return p, !odd
}

// sharesOf divides rows of which every leastShare-th starts where starts says.
func sharesOf(data []byte, starts []int, rows int) []share {
	wanted := min(runtime.GOMAXPROCS(0), len(starts))
	shares := make([]share, 0, wanted)
	for i := range wanted {
		first, end := i*len(starts)/wanted, (i+1)*len(starts)/wanted
		next := min(end*leastShare, rows)
		shares = append(shares, share{data: data[starts[first]:], first: first * leastShare, rows: next - first*leastShare})
	}
	return shares
}
