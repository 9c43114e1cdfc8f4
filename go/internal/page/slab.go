package page

import "unsafe"

// The most bytes in one array, of messages and of copies: enough that allocations do not count, few enough that a row
// that is kept does not keep a page's worth of them.
const (
	maxSlab     = 64 << 10
	maxCopies   = 32 << 10
	leastCopies = 1 << 10
)

// slab hands out zero values that lie side by side.
type slab[T any] struct {
	free     []T
	expected int // elements that are sure to be asked for still
	size     int // of the next array beyond those
}

func (s *slab[T]) next() *T {
	if len(s.free) == 0 {
		s.grow(1)
	}
	first := &s.free[0]
	s.free = s.free[1:]
	return first
}

// listOf is a copy of list, with no room behind it.
func (s *slab[T]) listOf(list []T) []T {
	if len(list) > len(s.free) {
		s.grow(len(list))
	}
	return cut(&s.free, list)
}

// grow replaces what is left with an array for at least the number of elements. Beyond what is expected arrays grow by
// doubling, for parts that few rows of a page have.
func (s *slab[T]) grow(least int) {
	most := maxSlab / int(unsafe.Sizeof(*new(T)))
	size := s.size
	if s.expected > 0 {
		size = min(s.expected, most)
	} else {
		s.size = min(max(2*s.size, 4), most)
	}
	s.free = make([]T, max(size, least))
	s.expected = max(s.expected-len(s.free), 0)
}

// copies hands out copies of bytes that lie side by side, with no room behind them.
type copies struct {
	free []byte
	left int // bytes of the rows that there was no room made for
}

func (c *copies) of(value []byte) []byte {
	if len(value) > len(c.free) {
		c.grow(len(value))
	}
	return cut(&c.free, value)
}

// cut takes a copy of list off free, which has room for it.
func cut[T any](free *[]T, list []T) []T {
	taken := (*free)[:len(list):len(list)]
	*free = (*free)[len(list):]
	copy(taken, list)
	return taken
}

// grow makes room for a third of the rows' bytes: most are tags, lengths and what neighbours share.
func (c *copies) grow(least int) {
	size := min(max(c.left/3, leastCopies), c.left, maxCopies)
	c.free = make([]byte, max(size, least))
	c.left = max(c.left-size, leastCopies)
}
