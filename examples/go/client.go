package main

import (
	"context"
	"errors"
	"fmt"
	"net"

	v2 "github.com/conductorone/baton-sdk/pb/c1/connector/v2"
	"github.com/conductorone/baton-sdk/pkg/connectorclient"
	"github.com/conductorone/baton-sdk/pkg/types"
	"github.com/conductorone/baton-sdk/pkg/ugrpc"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/test/bufconn"
)

// withClient serves a connector on an in-memory connection for as long as use runs. Interceptors, validation and
// messages are those of a connector in a process of its own, which is how the SDK's runner starts one.
func withClient(ctx context.Context, server types.ConnectorServer, use func(types.ConnectorClient) error) error {
	listener := bufconn.Listen(1 << 20)
	grpcServer := grpc.NewServer(grpc.ChainUnaryInterceptor(ugrpc.UnaryServerInterceptor(ctx)...))
	register(grpcServer, server)
	served := make(chan error, 1)
	go func() { served <- grpcServer.Serve(listener) }()

	err := dial(ctx, listener, use)
	grpcServer.Stop()
	if stopped := <-served; stopped != nil && !errors.Is(stopped, grpc.ErrServerStopped) {
		err = errors.Join(err, fmt.Errorf("serve connector: %w", stopped))
	}
	return err
}

func dial(ctx context.Context, listener *bufconn.Listener, use func(types.ConnectorClient) error) error {
	conn, err := grpc.NewClient("passthrough:///connector",
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return listener.DialContext(ctx) }),
	)
	if err != nil {
		return fmt.Errorf("dial connector: %w", err)
	}
	defer conn.Close()
	return use(connectorclient.NewConnectorClient(ctx, conn))
}

// register adds what a sync calls; the services for provisioning, tickets and events are left out.
func register(registrar grpc.ServiceRegistrar, server types.ConnectorServer) {
	v2.RegisterConnectorServiceServer(registrar, server)
	v2.RegisterResourceTypesServiceServer(registrar, server)
	v2.RegisterResourcesServiceServer(registrar, server)
	v2.RegisterResourceGetterServiceServer(registrar, server)
	v2.RegisterEntitlementsServiceServer(registrar, server)
	v2.RegisterGrantsServiceServer(registrar, server)
	v2.RegisterAssetServiceServer(registrar, server)
}
