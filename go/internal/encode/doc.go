// Package encode encodes requests, mostly without reflection, of what the library makes use of, and of no more. A grant
// keeps references to its entitlement and its principal, an entitlement one to its resource, and a list is asked for by
// such references. What else is known of these (profiles, for one) need not be encoded to be skipped. A resource is
// encoded whole.
//
// Text is not checked for UTF-8: the library refuses what it uses and is not.
package encode
