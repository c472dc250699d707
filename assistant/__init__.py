"""The language model: grounded drafts over an OpenAI-compatible endpoint. The openai package lives here and nowhere else."""
