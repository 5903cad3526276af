"""Tables of labels: reading them, what their columns are, and where their pictures are."""

from designer.data.tables.columns import TableInfo, table_info

__all__ = ["TableInfo", "table_info"]
