//go:build !c1z_static

package c1z

// Linkage says how the library was linked: "dynamic" or, with the build tag c1z_static, "static".
//
// It is also what tells Go's build cache the two apart: the tag alone changes flags that the cache does not look at.
const Linkage = "dynamic"
