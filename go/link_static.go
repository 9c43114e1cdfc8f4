//go:build c1z_static

package c1z

// Linkage says how the library was linked: "dynamic" or, with the build tag c1z_static, "static".
const Linkage = "static"
