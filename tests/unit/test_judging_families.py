import pytest

from synth_assets.core.config.teachers import Teacher
from synth_assets.core.judging.families import family_of, family_of_teacher


@pytest.mark.parametrize(
    ("model", "family"),
    [
        ("openai/gpt-4o", "gpt"),
        ("gpt-4o-mini-2024-07-18", "gpt"),
        ("openai/o3", "gpt"),
        ("o1-preview", "gpt"),
        ("azure/chatgpt-4o-latest", "gpt"),
        ("openai/ft:gpt-4o:mine::abc", "gpt"),
        ("hosted_vllm/openai/gpt-oss-20b", "gpt"),
        ("anthropic/claude-sonnet-4-5", "claude"),
        ("bedrock/anthropic.claude-3-haiku-20240307-v1:0", "claude"),
        ("meta-llama/Llama-3.1-8B-Instruct", "llama"),
        ("ollama/llama3.2", "llama"),
        ("groq/llama-3.3-70b-versatile", "llama"),
        ("ollama/codellama", "llama"),
        ("vicuna-13b", "llama"),
        ("together_ai/Qwen/Qwen2.5-72B-Instruct", "qwen"),
        ("groq/qwen-qwq-32b", "qwen"),
        ("mistral/mistral-large-latest", "mistral"),
        ("ollama/mixtral:8x7b", "mistral"),
        ("mistral/codestral-2501", "mistral"),
        ("gemini/gemini-2.5-pro", "gemini"),
        ("ollama/gemma2:9b", "gemini"),
        ("deepseek/deepseek-chat", "deepseek"),
        ("deepseek-ai/DeepSeek-R1-Distill-Llama-70B", "deepseek"),
        ("microsoft/Phi-4-mini-instruct", "phi"),
        ("ollama/phi3", "phi"),
        ("xai/grok-4", "grok"),
        ("cohere/command-r-plus", "command"),
        ("tiiuae/falcon-180B", "falcon"),
        ("01-ai/Yi-34B-Chat", "yi"),
        ("zai-org/GLM-4.6", "glm"),
        ("moonshotai/Kimi-K2-Instruct", "kimi"),
        ("embedded/judge", "embedded"),
    ],
)
def test_family_of_a_known_model_is_told_by_its_name(model: str, family: str):
    assert family_of(model) == family


@pytest.mark.parametrize(
    "model",
    [
        *("", "/", "hosted_vllm/mine", "openai/my-model", "ollama/dolphin", "EleutherAI/gpt-j-6b"),
        *(
            "EleutherAI/gpt-neo-2.7B",
            "nomic/gpt4all",
            "phind-codellm",
            "go1",
            "x/y/z",
            "\u00e9" * 9,
        ),
        *("ollama/ollama", "hosted_vllm/scribe", "yield-1", "chatgptish"),
    ],
)
def test_family_of_an_unknown_model_is_none(model: str):
    assert family_of(model) is None


def test_family_of_a_huge_name_is_looked_for_at_its_start_alone():
    assert family_of("a" * 1_000_000 + "/gpt-4o") is None


def test_family_of_a_teacher_is_what_its_entry_says():
    assert family_of_teacher(Teacher(id="a", model="hosted_vllm/ours", family="Llama ")) == "llama"
    assert family_of_teacher(Teacher(id="a", model="openai/gpt-4o")) == "gpt"
    assert family_of_teacher(Teacher(id="a", model="hosted_vllm/ours")) is None
