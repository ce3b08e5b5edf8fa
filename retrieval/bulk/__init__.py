"""Many documents encoded once, into Parquet files that any store can be filled from. Needs the extra ``bulk``."""

from retrieval.bulk.encoding import EncodeProgress, Workers, encode_documents
from retrieval.bulk.filling import fill_store
from retrieval.bulk.folder import EncodedFolder, is_encoded_folder

__all__ = ["EncodeProgress", "EncodedFolder", "Workers", "encode_documents", "fill_store", "is_encoded_folder"]
