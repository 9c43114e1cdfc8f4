package page

import (
	"runtime"
	"unicode/utf8"
)

// leastShare is how many rows are worth a goroutine.
const leastShare = 1000

// share is a stretch of a page's rows.
type share struct {
	data        []byte
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
	var few [16]int
	starts := few[:0] // of every leastShare-th row
	end := 0          // of the rows
	for message := data; len(message) > 0; {
		tag, value, rest := field(message)
		switch {
		case tag == 1<<3|length && p.tokens == 0:
			if p.rows%leastShare == 0 {
				starts = append(starts, end)
			}
			p.rows++
			end = len(data) - len(rest)
		case tag == 2<<3|length && utf8.Valid(value):
			p.token = string(value)
			p.tokens++
		default:
			return pieces{}, false
		}
		message = rest
	}
	p.shares = sharesOf(data, append(starts, end), p.rows)
	return p, true
}

// sharesOf divides rows of which every leastShare-th starts where starts says, whose last element is where they end.
func sharesOf(data []byte, starts []int, rows int) []share {
	units := len(starts) - 1
	wanted := min(runtime.GOMAXPROCS(0), units)
	shares := make([]share, 0, wanted)
	for i := range wanted {
		from, to := i*units/wanted, (i+1)*units/wanted
		first, end := from*leastShare, min(to*leastShare, rows)
		shares = append(shares, share{data: data[starts[from]:starts[to]], first: first, rows: end - first})
	}
	return shares
}
