package c1z

import (
	"context"

	v2 "github.com/conductorone/baton-sdk/pb/c1/connector/v2"
	"github.com/conductorone/baton-sdk/pkg/sourcecache"

	"example.com/libc1z/go/internal/apipb"
)

// Page is what a collection stores together, with what it wants to remember of it. Nil records and references are skipped.
type Page struct {
	// What is deleted before anything is put, by references; what is not there is no error.
	DeleteGrants       []*v2.Grant
	DeleteEntitlements []*v2.Entitlement
	DeleteResources    []*v2.ResourceId

	// Of several records with one identity the last counts.
	ResourceTypes []*v2.ResourceType
	Resources     []*v2.Resource
	Entitlements  []*v2.Entitlement
	Grants        []*v2.Grant

	// Names of values of the sync that are removed, before others are set.
	DeleteValues []string
	// Values of the sync by their names: up to 512 bytes of name and 1 MiB of value. Copies of the sync made by CloneSync
	// keep them, merges do not.
	Values map[string][]byte
}

// NamedValue is a value of a sync, and its name.
type NamedValue struct {
	Name  string
	Value []byte
}

// CommitPage stores a page in the bound sync: readers see all of it or nothing. Records come under the source-cache scope
// of ctx, as with the single puts.
func (s *store) CommitPage(ctx context.Context, page *Page) error {
	scope := sourcecache.ScopeFromContext(ctx)
	request := &apipb.CommitPageRequest{
		DeleteGrants:  &apipb.DeleteGrantsRequest{List: nonNil(page.DeleteGrants)},
		ResourceTypes: &apipb.PutResourceTypesRequest{List: nonNil(page.ResourceTypes)},
		Resources:     &apipb.PutResourcesRequest{List: nonNil(page.Resources), SourceScopeKey: scope},
		Entitlements:  &apipb.PutEntitlementsRequest{List: nonNil(page.Entitlements), SourceScopeKey: scope},
		Grants:        &apipb.PutGrantsRequest{List: nonNil(page.Grants), SourceScopeKey: scope},
		Values:        page.Values,
		DeleteValues:  page.DeleteValues,
	}
	for _, entitlement := range nonNil(page.DeleteEntitlements) {
		request.DeleteEntitlements = append(request.DeleteEntitlements, &apipb.DeleteEntitlementRequest{Entitlement: entitlement})
	}
	for _, resource := range nonNil(page.DeleteResources) {
		request.DeleteResources = append(request.DeleteResources, &apipb.DeleteResourceRequest{ResourceId: resource})
	}
	return exec(ctx, s.native, commitPage, request)
}

// NamedValues returns the values with these names that the sync has which a read is shown.
func (s *store) NamedValues(ctx context.Context, names ...string) (map[string][]byte, error) {
	response, err := call[apipb.GetNamedValuesResponse](ctx, s.native, getNamedValues, &apipb.GetNamedValuesRequest{Names: names})
	return response.GetValues(), err
}

// ListNamedValues returns a page of the values whose names start with prefix, in the order of the names, and the token of
// the next page, which is empty after the last. A page has pageSize values, or 10,000 for 0 and more than that.
func (s *store) ListNamedValues(ctx context.Context, prefix, pageToken string, pageSize uint32) ([]NamedValue, string, error) {
	request := &apipb.ListNamedValuesRequest{Prefix: prefix, PageToken: pageToken, PageSize: pageSize}
	response, err := call[apipb.ListNamedValuesResponse](ctx, s.native, listNamedValues, request)
	if err != nil {
		return nil, "", err
	}
	values := make([]NamedValue, len(response.GetList()))
	for i, value := range response.GetList() {
		values[i] = NamedValue{value.GetName(), value.GetValue()}
	}
	return values, response.GetNextPageToken(), nil
}
