package page

// maxSlab is how many messages lie in one array at most: enough that allocations do not count, few enough that a row
// that is kept does not keep a page's worth of them.
const maxSlab = 256

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
	taken := s.free[:len(list):len(list)]
	s.free = s.free[len(list):]
	copy(taken, list)
	return taken
}

// grow replaces what is left with an array for at least the number of elements. Beyond what is expected arrays grow by
// doubling, for parts that few rows of a page have.
func (s *slab[T]) grow(least int) {
	if s.expected > 0 {
		s.free = make([]T, max(min(s.expected, maxSlab), least))
		s.expected -= len(s.free)
		return
	}
	s.free = make([]T, max(s.size, least))
	s.size = min(max(2*s.size, 4), maxSlab)
}

const (
	leastCopies = 1 << 10
	maxCopies   = 32 << 10
)

// copies hands out copies of bytes that lie side by side, with no room behind them.
type copies struct {
	free []byte
	data int // bytes that may have to be copied, beyond those that there is room for
}

func (c *copies) of(value []byte) []byte {
	if len(value) > len(c.free) {
		c.grow(len(value))
	}
	copied := c.free[:len(value):len(value)]
	c.free = c.free[len(value):]
	copy(copied, value)
	return copied
}

// grow makes room for a quarter of the data: rows share most strings with their neighbours.
func (c *copies) grow(least int) {
	size := min(max(c.data/4, leastCopies), c.data, maxCopies)
	c.free = make([]byte, max(size, least))
	c.data -= size
}
