"""What Spark finds by its name: sessions know the format "c1z" without a call of `c1z.spark.register`, also in SQL."""

from c1z.spark import Source as DefaultSource

__all__ = ["DefaultSource"]
